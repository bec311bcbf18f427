import { expect, test } from 'vitest'
import { isUuid, uuidV7 } from './uuid-v7.ts'

test('ids made one after another sort in that order, within a millisecond and when the clock steps back', () => {
  const now = 1_800_000_000_000
  const clock = [...Array.from({ length: 10_000 }, () => now), now - 5000, now + 1, now + 2]
  const ids = clock.map((ms) => uuidV7(ms))
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('an id says version 7, the RFC variant, and its millisecond', () => {
  const id = uuidV7(Date.UTC(2031, 0, 1))
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(Date.UTC(2031, 0, 1))
  expect(isUuid(id)).toBe(true)
})

test('what PostgreSQL would refuse as a uuid is told apart', () => {
  for (const text of ['', 'x', '0193b0c0-0000-7000-8000-00000000000', ' 0193b0c0-0000-7000-8000-000000000000'])
    expect(isUuid(text)).toBe(false)
})
