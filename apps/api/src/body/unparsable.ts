// How a body that is no valid JSON or YAML is refused: with the place, so that the user can put a finger on it.
import { ApiError } from '@stillhouse/kit'

export interface TextProblem {
  /** 1-based. */
  readonly line: number
  /** 1-based. */
  readonly column: number
  readonly message: string
  readonly expected: string
  readonly received: string
}

/** A 400 that names line and column. */
export function unparsable({ line, column, message, expected, received }: TextProblem): ApiError {
  const place = `line ${line}, column ${column}`
  return new ApiError('request.unparsable', `At ${place}: ${message}. Expected ${expected}, received ${received}.`, {
    faults: [{ path: '', message: `${place}: ${message}`, expected, received }],
  })
}

/** Line and column (1-based) of an offset into a text. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - lineStart + 1 }
}

/** What stands at an offset, short enough for a message. */
export function excerptAt(text: string, offset: number): string {
  const [word] = /^[^\s,:{}[\]]+|^\S/.exec(text.slice(offset, offset + 40).trimStart()) ?? []
  return word?.slice(0, 20) ?? 'the end of the text'
}
