// A value that fits no form of a union makes a validator complain about every form. The user meant one of them: when
// it can be told which, only its errors are kept; when not, only "fits none of the allowed forms" is.
import type { TSchema } from 'typebox'
import { read, type SchemaNode, schemaAt } from './json-pointer.ts'
import type { SchemaError } from './schema-error.ts'

/** The errors that are worth showing. */
export function settleUnions(errors: readonly SchemaError[], value: unknown, schema: TSchema): readonly SchemaError[] {
  return errors
    .filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')
    .reduce((kept, union) => settle(kept, union, { value, schema }), errors)
}

function settle(
  errors: readonly SchemaError[],
  union: SchemaError,
  { value, schema }: { value: unknown; schema: TSchema },
): readonly SchemaError[] {
  const path = union.schemaPath ?? '#'
  const forms = schemaAt(schema, path)?.[union.keyword] as readonly SchemaNode[] | undefined
  const meant = meantForm(forms ?? [], read(value, union.instancePath))
  return errors.filter((error) => {
    if (error === union) return meant === undefined
    const form = formOf(error, union)
    return form === undefined || form === meant
  })
}

/** Index of the union's form that the error comes from; undefined when it comes from elsewhere. */
function formOf(error: SchemaError, union: SchemaError): number | undefined {
  const forms = `${union.schemaPath ?? '#'}/${union.keyword}/`
  const inside = `${error.instancePath}/`.startsWith(`${union.instancePath}/`)
  if (!inside || !error.schemaPath?.startsWith(forms)) return undefined
  return Number.parseInt(error.schemaPath.slice(forms.length), 10)
}

/** Index of the form that the value is nearest to; undefined when none or several are. */
function meantForm(forms: readonly SchemaNode[], value: unknown): number | undefined {
  const scores = forms.map((form) => likeness(form, value))
  const best = Math.max(...scores)
  const alone = scores.filter((score) => score === best).length === 1
  return best > 0 && alone ? scores.indexOf(best) : undefined
}

/** How much a value looks like a form: fields they share; 0 when a field that tells forms apart says otherwise. */
function likeness(form: SchemaNode, value: unknown): number {
  if (typeof value !== 'object' || value === null) return typeof value === jsType(form) ? 1 : 0
  const fields = form.properties ?? {}
  const shared = Object.keys(value).filter((key) => Object.hasOwn(fields, key))
  const contradicted = shared.some((key) => {
    const only = fields[key]?.['const']
    return only !== undefined && only !== (value as Record<string, unknown>)[key]
  })
  return contradicted ? 0 : shared.length
}

function jsType(form: SchemaNode): string | undefined {
  return form.type === 'integer' ? 'number' : form.type
}
