// The workers that a person means by their names or ids.
import type { Worker } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'

/**
 * A name means every worker that goes by it and is there; when none is, the one that was there last.
 * @returns each once, in the order in which they were named
 * @throws CliError naming what was not found
 */
export function findWorkers(workers: readonly Worker[], named: readonly string[]): Worker[] {
  return [...new Set(named.flatMap((text) => meant(workers, text)))]
}

function meant(workers: readonly Worker[], text: string): Worker[] {
  const byId = workers.filter(({ id }) => id === text)
  if (byId.length > 0) return byId
  const byName = workers.filter(({ name }) => name === text)
  const there = byName.filter(({ state }) => state !== 'gone')
  if (there.length > 0) return there
  const last = byName.toSorted((a, b) => a.lastSeenAt.localeCompare(b.lastSeenAt)).at(-1)
  if (last) return [last]
  const names = [...new Set(workers.filter(({ state }) => state !== 'gone').map(({ name }) => name))]
  throw new CliError(
    `there is no worker ${text}; ${names.length === 0 ? 'none is connected' : `those connected are ${names.join(', ')}`}`,
  )
}
