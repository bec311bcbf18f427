// A shelf entry's parameters as it will get them: defaults filled in, checked with the entry's own schema.
import { faultsFromSchemaErrors } from '@stillhouse/spec'
import { Compile, type Validator } from 'typebox/compile'
import { Value } from 'typebox/value'
import type { ShelfEntry } from '../contracts/shelf.ts'
import type { Checked } from './checked.ts'

const validators = new WeakMap<ShelfEntry, Validator>()

/** Parameters of a shelf entry that its schema has checked. */
export type Params = Readonly<Record<string, unknown>>

/** @param path JSON Pointer of the parameters in the spec */
export function resolveParams(entry: ShelfEntry, given: unknown, path: string): Checked<Params> {
  const validator = validators.get(entry) ?? Compile(entry.parameters)
  validators.set(entry, validator)
  const params = Value.Default(entry.parameters, structuredClone(given ?? {})) as Record<string, unknown>
  const faults = faultsFromSchemaErrors(validator.Errors(params), params, entry.parameters, path)
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: params }
}
