// A strict JSON parser. JSON.parse is not used for the whole text because it neither says where a text is broken (not
// in every Node version) nor sees duplicate keys, and a gate that is silently overwritten is worse than an error.
import { excerptAt, placeOf, unparsable } from './unparsable.ts'

/** Objects and arrays inside one another, in any body. */
export const MAX_DEPTH = 64

const SPACE = /[ \t\n\r]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are exactly what a JSON string may not hold
const PLAIN = /[^"\\\u0000-\u001f]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }

interface Reader {
  readonly text: string
  at: number
}

/**
 * Parses one JSON value.
 * @throws ApiError request.unparsable with line and column: syntax, duplicate keys, deeper than MAX_DEPTH
 */
export function parseJson(text: string): unknown {
  const reader: Reader = { text, at: 0 }
  const value = readValue(reader, 0)
  skipSpace(reader)
  if (reader.at < text.length) throw broken(reader, 'something follows the value', 'the end of the text')
  return value
}

function broken(reader: Reader, message: string, expected: string): Error {
  const received = excerptAt(reader.text, reader.at)
  return unparsable({ ...placeOf(reader.text, reader.at), message, expected, received })
}

function take(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text)?.[0] ?? ''
  reader.at += found.length
  return found
}

function skipSpace(reader: Reader): void {
  const code = reader.text.charCodeAt(reader.at)
  if (code <= 32) take(reader, SPACE)
}

function peek(reader: Reader): string {
  skipSpace(reader)
  return reader.text.charAt(reader.at)
}

function readValue(reader: Reader, depth: number): unknown {
  const next = peek(reader)
  if (next === '{' || next === '[') {
    if (depth >= MAX_DEPTH) throw broken(reader, 'the text is nested too deeply', `at most ${MAX_DEPTH} levels`)
    return next === '{' ? readObject(reader, depth + 1) : readArray(reader, depth + 1)
  }
  if (next === '"') return readString(reader)
  const word = take(reader, WORD)
  if (word !== '') return WORDS[word]
  const number = take(reader, NUMBER)
  if (number !== '') return Number(number)
  throw broken(reader, 'this is not JSON', 'a value')
}

function readObject(reader: Reader, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  reader.at += 1
  if (peek(reader) === '}') {
    reader.at += 1
    return object
  }
  do {
    if (peek(reader) !== '"') throw broken(reader, 'this is not JSON', 'a key in double quotes')
    readMember(reader, object, depth)
  } while (goesOn(reader, '}'))
  return object
}

function readMember(reader: Reader, object: Record<string, unknown>, depth: number): void {
  const start = reader.at
  const key = readString(reader)
  if (Object.hasOwn(object, key)) {
    reader.at = start
    throw broken(reader, `the key "${key}" occurs twice in one object`, 'each key once')
  }
  if (peek(reader) !== ':') throw broken(reader, 'this is not JSON', 'a colon after the key')
  reader.at += 1
  // defined, not assigned: a key named __proto__ must become a visible key, which is refused later with its path
  const value = readValue(reader, depth)
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

function readArray(reader: Reader, depth: number): unknown[] {
  const items: unknown[] = []
  reader.at += 1
  if (peek(reader) === ']') {
    reader.at += 1
    return items
  }
  do items.push(readValue(reader, depth))
  while (goesOn(reader, ']'))
  return items
}

/** True after a comma, false after the closing bracket. */
function goesOn(reader: Reader, close: '}' | ']'): boolean {
  const next = peek(reader)
  if (next !== ',' && next !== close) throw broken(reader, 'this is not JSON', `a comma or ${close}`)
  reader.at += 1
  return next === ','
}

function readString(reader: Reader): string {
  const start = reader.at
  let escaped = false
  reader.at += 1
  for (;;) {
    take(reader, PLAIN)
    const stop = reader.text.charAt(reader.at)
    if (stop === '"') break
    if (stop !== '\\') throw broken(reader, 'the string does not end', 'a closing double quote on the same line')
    escaped = true
    reader.at += 2
  }
  reader.at += 1
  return escaped ? unescaped(reader, start) : reader.text.slice(start + 1, reader.at - 1)
}

function unescaped(reader: Reader, start: number): string {
  try {
    return JSON.parse(reader.text.slice(start, reader.at)) as string
  } catch {
    reader.at = start
    throw broken(
      reader,
      'the string has an escape that JSON does not know',
      'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u',
    )
  }
}
