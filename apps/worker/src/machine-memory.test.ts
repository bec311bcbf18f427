import { expect, it } from 'vitest'
import { machineMemoryGb } from './machine-memory.ts'

const GB = 2 ** 30

it.each([
  ['the machine, when the container has no limit', 16 * GB, 0, 16],
  ['the machine, when the kernel writes "no limit" as a huge number', 16 * GB, 2 ** 64, 16],
  ['the container, when it is allowed less', 16 * GB, 4 * GB, 4],
  ['hundredths of a GB, never rounded up', 15.999 * GB, 0, 15.99],
])('reports the memory of %s', (_, total, limit, expected) => {
  expect(machineMemoryGb(total, limit)).toBe(expected)
})

it('finds some on the machine that it runs on', () => {
  expect(machineMemoryGb()).toBeGreaterThan(0.1)
})
