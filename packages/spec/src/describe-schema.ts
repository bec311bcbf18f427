// Words for schemas and values: what a fault says was expected and received.
import type { SchemaNode } from './json-pointer.ts'

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID, e.g. 0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d',
  'date-time': 'a date and time, e.g. 2030-01-31T12:00:00Z',
}

const BOUNDS: readonly (readonly [keyword: string, words: (bound: unknown) => string])[] = [
  ['minimum', (bound) => `>= ${bound}`],
  ['exclusiveMinimum', (bound) => `> ${bound}`],
  ['maximum', (bound) => `<= ${bound}`],
  ['exclusiveMaximum', (bound) => `< ${bound}`],
  ['minLength', (bound) => `of at least ${bound} characters`],
  ['maxLength', (bound) => `of at most ${bound} characters`],
  ['minItems', (bound) => `of at least ${bound} items`],
  ['maxItems', (bound) => `of at most ${bound} items`],
]

/** A short phrase for what a schema accepts. */
export function describeSchema(node: SchemaNode | undefined): string {
  if (node === undefined) return 'another value'
  if (node.patternErrorMessage !== undefined) return node.patternErrorMessage
  const forms = node.anyOf ?? node.oneOf
  if (forms !== undefined) return forms.map(describeForm).join(' or ')
  if (Array.isArray(node['enum'])) return `one of ${node['enum'].join(', ')}`
  if (node['const'] !== undefined) return JSON.stringify(node['const'])
  return FORMATS[String(node['format'])] ?? [typeOf(node), boundsOf(node)].filter(Boolean).join(' ')
}

function typeOf(node: SchemaNode): string {
  if (node.properties) return `an object with ${Object.keys(node.properties).join(', ')}`
  const type = TYPES[node.type ?? ''] ?? 'a value'
  return node['pattern'] === undefined ? type : `${type} matching ${String(node['pattern'])}`
}

function boundsOf(node: SchemaNode): string {
  return BOUNDS.flatMap(([keyword, words]) => (node[keyword] === undefined ? [] : [words(node[keyword])])).join(' and ')
}

function describeForm(form: SchemaNode): string {
  return form.properties ? `{${Object.keys(form.properties).join(', ')}}` : describeSchema(form)
}

/** A received value, short enough for a message. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}

/** A received value with its type in words, for when the type is what is wrong. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return `the text ${show(JSON.stringify(value))}`
  if (typeof value === 'number') return `the number ${value}`
  if (Array.isArray(value)) return `a list: ${show(value)}`
  return typeof value === 'object' ? `an object: ${show(value)}` : show(value)
}
