import { createLogger } from '@stillhouse/kit'
import { expect, test } from 'vitest'
import type { JobContext } from './job-context.ts'
import { createPatientSweep } from './sweep.ts'

/** A context whose database only counts the sweeps that reach it; `away` makes it not answer. */
function countingContext() {
  const seen = { sweeps: 0, away: false }
  const ping = async (): Promise<void> => {
    if (seen.away) throw new Error('away')
  }
  const transaction = async (): Promise<unknown[]> => {
    seen.sweeps += 1
    return []
  }
  const context = {
    db: { ping, transaction, read: async () => [] },
    settings: { leaseSeconds: 20, heartbeatSeconds: 2, claimSeconds: 5, staleBlobSeconds: 1 },
    logger: createLogger('test', 'silent'),
  } as unknown as JobContext
  return { context, seen }
}

test('the first sweep waits for the workers to report, later ones come at once', async () => {
  const { context, seen } = countingContext()
  let now = 1_000_000
  const sweep = createPatientSweep(context, () => now)
  for (const second of [0, 1, 2, 3, 4]) {
    now = 1_000_000 + second * 1000
    await sweep()
    expect(seen.sweeps).toBe(0)
  }
  now += 1000
  await sweep()
  const once = seen.sweeps
  expect(once).toBeGreaterThan(0)
  now += 1000
  await sweep()
  expect(seen.sweeps).toBe(2 * once)
})

test('after the database was away the workers are given time again', async () => {
  const { context, seen } = countingContext()
  let now = 1_000_000
  const sweep = createPatientSweep(context, () => now)
  const tick = async (): Promise<number> => {
    now += 1000
    seen.sweeps = 0
    await sweep().catch(() => undefined)
    return seen.sweeps
  }
  for (let second = 0; second < 8; second += 1) await tick()
  expect(await tick()).toBeGreaterThan(0)
  seen.away = true
  for (let second = 0; second < 6; second += 1) expect(await tick()).toBe(0)
  seen.away = false
  for (let second = 0; second < 5; second += 1) expect(await tick()).toBe(0)
  expect(await tick()).toBeGreaterThan(0)
})
