// A fault is one thing wrong with an input: where, what was expected, what came, and what to do about it.
import { type Static, type TSchema, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { describeSchema, describeValue, show } from './describe-schema.ts'
import { escapePointer, read, type SchemaNode, schemaAt } from './json-pointer.ts'
import { nearest } from './nearest.ts'
import type { SchemaError } from './schema-error.ts'
import { settleUnions } from './settle-unions.ts'

// TypeBox stops at 8 errors, which would hide faults from a user who wants to see all of them at once. The limit stays
// finite so that a hostile body cannot ask for a million messages.
Settings.Set({ maxErrors: 256 })

export type { SchemaError } from './schema-error.ts'

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
  for (const error of settleUnions([...errors], value, schema)) {
    for (const fault of faultsOf(error, value, schemaAt(schema, error.schemaPath ?? '#'))) {
      const path = prefix + fault.path
      if (!faults.has(path)) faults.set(path, { ...fault, path })
    }
  }
  return [...faults.values()]
}

/** @param node the schema that the error is about */
function faultsOf(error: SchemaError, value: unknown, node: SchemaNode | undefined): Fault[] {
  const params = error.params as Record<string, unknown>
  const received = read(value, error.instancePath)
  switch (error.keyword) {
    case 'boolean':
      // the shadow of an additionalProperties error, which follows
      return []
    case 'additionalProperties':
      return asStrings(params['additionalProperties']).map((field) => unknownField(error.instancePath, field, node))
    case 'required':
      return asStrings(params['requiredProperties'] ?? params['missingProperty']).map((field) =>
        missingField(error.instancePath, field, node),
      )
    case 'anyOf':
    case 'oneOf':
      return [noForm(error.instancePath, received, node)]
    case 'enum':
      return [notListed(error.instancePath, received, asStrings(params['allowedValues']))]
    default:
      return [
        {
          path: error.instancePath,
          message: messageOf(error),
          expected: describeSchema(node),
          received: error.keyword === 'type' ? describeValue(received) : show(received),
        },
      ]
  }
}

/** The validator's own words, except where they would show a regular expression. */
function messageOf({ keyword, message }: SchemaError): string {
  return keyword === 'pattern' || keyword === 'format' ? 'does not have the expected form' : message
}

function missingField(path: string, field: string, node: SchemaNode | undefined): Fault {
  return {
    path: `${path}/${escapePointer(field)}`,
    message: `${field} is missing`,
    expected: describeSchema(node?.properties?.[field]),
    received: 'nothing',
  }
}

function unknownField(path: string, field: string, node: SchemaNode | undefined): Fault {
  const known = Object.keys(node?.properties ?? {})
  const fault = { path: `${path}/${escapePointer(field)}`, received: show(field) }
  const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'no fields'
  return withSuggestion({ ...fault, message: `unknown field ${show(field)}`, expected }, field, known)
}

function notListed(path: string, received: unknown, allowed: string[]): Fault {
  const fault = {
    path,
    message: 'not one of the allowed values',
    expected: `one of ${allowed.join(', ')}`,
    received: show(received),
  }
  return typeof received === 'string' ? withSuggestion(fault, received, allowed) : fault
}

function noForm(path: string, received: unknown, node: SchemaNode | undefined): Fault {
  const fault = {
    path,
    message: 'fits none of the allowed forms',
    expected: describeSchema(node),
    received: show(received),
  }
  const fields = (node?.anyOf ?? node?.oneOf ?? []).flatMap((form) => Object.keys(form.properties ?? {}))
  const strangers = Object.keys(Object(received)).filter((key) => !fields.includes(key))
  return strangers[0] === undefined ? fault : withSuggestion(fault, strangers[0], fields)
}

function withSuggestion(fault: Fault, name: string, known: readonly string[]): Fault {
  const suggestion = nearest(name, known)
  return suggestion === undefined ? fault : { ...fault, suggestion }
}

function asStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)]
}
