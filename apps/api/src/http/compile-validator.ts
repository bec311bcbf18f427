// Checks every part of a request with TypeBox and answers with faults, in the same words as a faulty job spec.
import { ApiError } from '@stillhouse/kit'
import { type Fault, faultsFromSchemaErrors } from '@stillhouse/spec'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { coerceText } from './coerce-text.ts'

/** What the parts are called in fault paths. The body has no prefix: its paths are those of the document sent. */
const PREFIX: Readonly<Record<string, string>> = {
  body: '',
  querystring: '/query',
  params: '/path',
  headers: '/headers',
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const validator = Compile(schema)
  return (data: unknown) => {
    const value = httpPart === 'body' ? data : coerceText(schema, data as object)
    if (validator.Check(value)) return { value }
    return { error: faulty(faultsFromSchemaErrors(validator.Errors(value), value, schema, PREFIX[httpPart])) }
  }
}

/** For routes that check their body themselves: the schema is documentation, the other parts are validated. */
export const compileValidatorExceptBody: FastifySchemaCompiler<TSchema> = (part) =>
  part.httpPart === 'body' ? (value: unknown) => ({ value }) : compileValidator(part)

/** A 400 that lists the faults of a request. */
export function faulty(faults: readonly Fault[]): ApiError {
  return new ApiError('request.invalid', summarize('The request', faults), { faults })
}

/** One sentence for people who do not read the list of faults. */
export function summarize(what: string, faults: readonly Fault[]): string {
  const shown = faults.slice(0, 3).map(({ path, message }) => `${path || 'the whole'}: ${message}`)
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : ''
  return `${what} has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}: ${shown.join('; ')}${more}.`
}
