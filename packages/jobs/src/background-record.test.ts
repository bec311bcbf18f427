import { expect, test } from 'vitest'
import { createBackgroundRecord } from './background-record.ts'

test('a round is timed, and idleness counts from the last one that went well', async () => {
  let now = 0
  const record = createBackgroundRecord(() => now)
  const rounds = async (ms: number): Promise<void> => {
    now += ms
  }
  expect(record.read(false).loops.dispatch).toEqual({ rounds: 0, failures: 0, lastSeconds: null, idleSeconds: null })
  await record.round('dispatch', () => rounds(250))
  now += 1000
  expect(record.read(true).loops.dispatch).toEqual({ rounds: 1, failures: 0, lastSeconds: 0.25, idleSeconds: 1 })
  const broken = record.round('dispatch', async () => {
    now += 500
    throw new Error('away')
  })
  await expect(broken).rejects.toThrow('away')
  expect(record.read(true).loops.dispatch).toEqual({ rounds: 2, failures: 1, lastSeconds: 0.5, idleSeconds: 1.5 })
})

test('what was handed out, relayed and mended is added up', () => {
  const record = createBackgroundRecord()
  record.handedOut(2)
  record.handedOut(1)
  record.relayed(4)
  record.mended('expired-leases', 1)
  record.mended('expired-leases', 2)
  expect(record.read(true)).toMatchObject({ leading: true, handedOut: 3, relayed: 4, mended: { 'expired-leases': 3 } })
})
