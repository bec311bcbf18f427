// How data formats say that a file is not what it should be: always with the file, what was expected and what came.
import { TrainingError } from '@stillhouse/engine'

export interface InvalidData {
  readonly file: string
  readonly problem: string
  readonly expected: string
  readonly received: string
}

/** A `data.invalid` error. */
export function invalidData({ file, problem, expected, received }: InvalidData, cause?: unknown): TrainingError {
  const message = `${file}: ${problem}. Expected ${expected}, received ${received}.`
  return new TrainingError('data.invalid', message, cause === undefined ? {} : { cause })
}
