// A fault is one thing wrong with an input: where, what was expected, what came, and what to do about it.
import { type Static, type TSchema, Type } from 'typebox'
import { nearest } from './nearest.ts'

export const Fault = Type.Object(
  {
    path: Type.String({ description: 'JSON Pointer into the input; empty for the input itself' }),
    message: Type.String(),
    expected: Type.String(),
    received: Type.String(),
    suggestion: Type.Optional(Type.String({ description: 'the nearest valid name' })),
  },
  { additionalProperties: false },
)
export type Fault = Static<typeof Fault>

/** The part of a TypeBox (Ajv-shaped) validation error that is read here. */
export interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/**
 * Turns validation errors into faults, one per faulty place.
 * @param errors as given by `Compile(schema).Errors(value)`
 * @param value the checked value, for `received`
 * @param schema the schema, for the names of known fields
 * @param prefix JSON Pointer put before every path
 */
export function faultsFromSchemaErrors(
  errors: Iterable<SchemaError>,
  value: unknown,
  schema: TSchema,
  prefix = '',
): Fault[] {
  const faults = new Map<string, Fault>()
  for (const error of errors) {
    for (const fault of faultsOf(error, value, schema)) {
      const path = prefix + fault.path
      if (!faults.has(path)) faults.set(path, { ...fault, path })
    }
  }
  return [...faults.values()]
}

function faultsOf(error: SchemaError, value: unknown, schema: TSchema): Fault[] {
  const params = error.params as Record<string, unknown>
  const path = error.instancePath
  switch (error.keyword) {
    case 'boolean':
    case 'anyOf':
    case 'oneOf':
      return error.keyword === 'boolean'
        ? []
        : [
            {
              path,
              message: 'fits none of the allowed forms',
              expected: describeForms(at(schema, path)),
              received: show(read(value, path)),
            },
          ]
    case 'additionalProperties':
      return asStrings(params['additionalProperties']).map((field) => unknownField(path, field, schema))
    case 'required':
      return asStrings(params['requiredProperties'] ?? params['missingProperty']).map((field) => ({
        path: `${path}/${escapePointer(field)}`,
        message: `${field} is missing`,
        expected: describe(at(schema, `${path}/${escapePointer(field)}`)),
        received: 'nothing',
      }))
    case 'enum': {
      const allowed = asStrings(params['allowedValues'])
      const received = read(value, path)
      const close = typeof received === 'string' ? nearest(received, allowed) : undefined
      return [
        {
          path,
          message: error.message,
          expected: `one of ${allowed.join(', ')}`,
          received: show(received),
          ...(close ? { suggestion: close } : {}),
        },
      ]
    }
    default:
      return [
        {
          path,
          message: error.message,
          expected: describe(at(schema, path)) || error.message,
          received: show(read(value, path)),
        },
      ]
  }
}

function unknownField(path: string, field: string, schema: TSchema): Fault {
  const known = Object.keys(propertiesOf(at(schema, path)))
  const close = nearest(field, known)
  return {
    path: `${path}/${escapePointer(field)}`,
    message: `unknown field ${field}`,
    expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no fields',
    received: field,
    ...(close ? { suggestion: close } : {}),
  }
}

function asStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)]
}

function escapePointer(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1')
}

function pointerParts(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(value: unknown, path: string): unknown {
  let current = value
  for (const part of pointerParts(path)) {
    if (typeof current !== 'object' || current === null) return undefined
    current = (current as Record<string, unknown>)[part]
  }
  return current
}

type SchemaNode = Record<string, unknown>

function propertiesOf(schema: SchemaNode | undefined): Record<string, SchemaNode> {
  return (schema?.['properties'] as Record<string, SchemaNode> | undefined) ?? {}
}

function at(schema: TSchema, path: string): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema as SchemaNode
  for (const part of pointerParts(path)) {
    node = propertiesOf(node)[part] ?? (node?.['items'] as SchemaNode | undefined)
    if (node === undefined) return undefined
  }
  return node
}

/** A short phrase for what a schema accepts. */
function describe(schema: SchemaNode | undefined): string {
  if (schema === undefined) return 'another value'
  if (Array.isArray(schema['enum'])) return `one of ${schema['enum'].join(', ')}`
  if (Array.isArray(schema['anyOf'])) return describeForms(schema)
  const bounds = [
    ['>=', 'minimum'],
    ['>', 'exclusiveMinimum'],
    ['<=', 'maximum'],
    ['<', 'exclusiveMaximum'],
    ['matching', 'pattern'],
    ['at most this many characters:', 'maxLength'],
    ['at least this many items:', 'minItems'],
    ['at most this many items:', 'maxItems'],
  ].flatMap(([word, key]) => (schema[key ?? ''] === undefined ? [] : [`${word} ${String(schema[key ?? ''])}`]))
  const type = schema['const'] !== undefined ? JSON.stringify(schema['const']) : String(schema['type'] ?? 'a value')
  return [type, bounds.join(' and ')].filter(Boolean).join(' ')
}

function describeForms(schema: SchemaNode | undefined): string {
  const forms = (schema?.['anyOf'] ?? schema?.['oneOf']) as SchemaNode[] | undefined
  if (forms === undefined) return 'one of the allowed forms'
  return forms
    .map((form) => (form['properties'] ? `{${Object.keys(propertiesOf(form)).join(', ')}}` : describe(form)))
    .join(' or ')
}

/** A received value, short enough for a message. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}
