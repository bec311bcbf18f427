import { expect, it } from 'vitest'
import { trainerLimits } from './trainer-limits.ts'

const GB = 2 ** 30
const limits = (job: object, worker: object = {}) =>
  trainerLimits(
    job,
    { trainerBytes: null, trainerMs: null, slots: 2, cores: 8, ...worker },
    { bytes: 100 * GB, gpus: ['0', '1', '2'] },
  )

it('is an equal share of nine tenths of the machine, unless the job or the operator says something', () => {
  expect(limits({})).toEqual({ timeoutMs: null, memoryBytes: 45 * GB })
  expect(limits({}, { slots: 1 }).memoryBytes).toBe(90 * GB)
  expect(limits({}, { slots: undefined }).memoryBytes).toBe(30 * GB)
})

it('is what the job asks for, up to what the machine has', () => {
  expect(limits({ memoryGb: 60 }).memoryBytes).toBe(60 * GB)
  expect(limits({ memoryGb: 0.5 }).memoryBytes).toBe(GB / 2)
  expect(limits({ memoryGb: 4096 }).memoryBytes).toBe(90 * GB)
})

it('is never more than the operator allows', () => {
  expect(limits({}, { trainerBytes: 8 * GB }).memoryBytes).toBe(8 * GB)
  expect(limits({ memoryGb: 60 }, { trainerBytes: 8 * GB }).memoryBytes).toBe(8 * GB)
  expect(limits({ memoryGb: 2 }, { trainerBytes: 8 * GB }).memoryBytes).toBe(2 * GB)
})

it('ends a trainer after the shorter of the two times', () => {
  expect(limits({ timeoutMinutes: 2 }).timeoutMs).toBe(120_000)
  expect(limits({ timeoutMinutes: 2 }, { trainerMs: 60_000 }).timeoutMs).toBe(60_000)
  expect(limits({ timeoutMinutes: 2 }, { trainerMs: 600_000 }).timeoutMs).toBe(120_000)
  expect(limits({}, { trainerMs: 600_000 }).timeoutMs).toBe(600_000)
})

it('is of this machine, and so less than all of its memory', async () => {
  const { totalmem } = await import('node:os')
  const { memoryBytes } = trainerLimits({}, { trainerBytes: null, trainerMs: null, slots: 1, cores: 1 })
  expect(memoryBytes).toBeGreaterThan(0)
  expect(memoryBytes).toBeLessThan(totalmem())
})
