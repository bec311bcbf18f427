// YAML as a harmless notation for JSON: one document, no custom tags, no duplicate keys, no alias bombs. The tokens are
// counted before anything is composed from them, because composing recurses (a megabyte of "[" ended the process in
// V8's fatal out-of-memory) and compares each key of a map with all others (a megabyte of short keys took 91 s).
import { Composer, type Document, Lexer, Parser, type YAMLError } from 'yaml'
import { MAX_DEPTH } from './parse-json.ts'
import { excerptAt, placeOf, unparsable } from './unparsable.ts'

/** Uses of anchors in one text; a billion-laughs document needs far more. */
const MAX_ALIASES = 16
/** Lexical tokens: five or so per line. The longest job we ship has under 500. */
const MAX_TOKENS = 20_000
/** The parser keeps up to two stack entries per level. */
const MAX_STACK = 2 * MAX_DEPTH

const OPTIONS = {
  version: '1.2',
  schema: 'core',
  strict: true,
  uniqueKeys: true,
  stringKeys: true,
  resolveKnownTags: false,
  merge: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

/**
 * Parses one YAML 1.2 document (core schema).
 * @throws ApiError request.unparsable with line and column
 */
export function parseYaml(text: string): unknown {
  const [document, second] = new Composer(OPTIONS).compose(boundedTokens(text), true, text.length)
  if (document === undefined) return null
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw refuse(text, problem.pos[0], problem.message, EXPECTED[problem.code] ?? 'YAML 1.2')
  if (second !== undefined)
    throw refuse(text, second.range[0], 'a second document begins here', 'one document in the text')
  return toValue(text, document)
}

const EXPECTED: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  DUPLICATE_KEY: 'each key once',
  TAG_RESOLVE_FAILED: 'a value without a tag',
  NON_STRING_KEY: 'a key that is a string',
  TAB_AS_INDENT: 'spaces for indentation',
}

function refuse(text: string, offset: number, message: string, expected: string): Error {
  return unparsable({ ...placeOf(text, offset), message, expected, received: excerptAt(text, offset) })
}

function* boundedTokens(text: string): ReturnType<Parser['parse']> {
  const parser = new Parser()
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    count += 1
    if (count > MAX_TOKENS) throw refuse(text, parser.offset, 'the text is too long', `at most ${MAX_TOKENS} tokens`)
    if (parser.stack.length > MAX_STACK)
      throw refuse(text, parser.offset, 'the text is nested too deeply', `at most ${MAX_DEPTH} levels`)
  }
  yield* parser.end()
}

/** Aliases are resolved here; too many of them and unknown anchors are ReferenceErrors. */
function toValue(text: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    const expected = `at most ${MAX_ALIASES} aliases, each of an anchor set before it`
    throw refuse(text, Math.max(0, text.indexOf('*')), error.message, expected)
  }
}
