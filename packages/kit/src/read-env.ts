// Settings from the environment, checked once at start: every faulty variable is named before anything runs.
import { faultsFromSchemaErrors } from '@stillhouse/spec'
import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'

/** Raised at start when the environment does not fit; the process prints the message and exits with 1. */
export class EnvError extends Error {
  constructor(problems: readonly string[]) {
    super(`The environment has ${problems.length} fault(s):\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'EnvError'
  }
}

/**
 * Reads the variables named by `schema` (defaults filled in, numbers and booleans converted from text).
 * @throws EnvError listing every faulty variable; values are not shown, since some are secrets
 */
export function readEnv<T extends TObject>(schema: T, env: NodeJS.ProcessEnv = process.env): Static<T> {
  const known = Object.fromEntries(
    Object.keys(schema.properties).flatMap((key) =>
      env[key] === undefined || env[key] === '' ? [] : [[key, env[key]]],
    ),
  )
  const value = Value.Default(schema, Value.Convert(schema, known))
  const faults = faultsFromSchemaErrors(Compile(schema).Errors(value), value, schema)
  if (faults.length > 0)
    throw new EnvError(faults.map((fault) => `${fault.path.slice(1)}: ${fault.message} (expected ${fault.expected})`))
  return value as Static<T>
}
