import fc from 'fast-check'
import { expect, it } from 'vitest'
import { startsIn } from './forecast.ts'

it('tells nothing without slots', () => {
  expect(startsIn({ slots: [], ahead: 0, jobSeconds: 10 })).toBeNull()
})

it.each([
  [[0], 0, 0],
  [[30], 0, 30],
  [[30, 10], 0, 10],
  [[30, 10], 1, 30],
  [[30, 10], 2, 110],
  [[0, 0, 0], 7, 200],
])('with slots free in %j s and %i jobs of 100 s ahead it starts in %i s', (slots, ahead, expected) => {
  expect(startsIn({ slots, ahead, jobSeconds: 100 })).toBeCloseTo(expected, -0.1)
})

it('is what a walk through the line gives, within its precision', () => {
  const walk = (slots: number[], ahead: number, jobSeconds: number): number => {
    const free = [...slots]
    for (let job = 0; job < ahead; job += 1) {
      const first = free.indexOf(Math.min(...free))
      free[first] = (free[first] as number) + jobSeconds
    }
    return Math.min(...free)
  }
  const seconds = fc.integer({ min: 0, max: 1000 })
  const slots = fc.array(seconds, { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(slots, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 500 }), (free, ahead, jobSeconds) => {
      const told = startsIn({ slots: free, ahead, jobSeconds }) ?? Number.NaN
      expect(Math.abs(told - walk(free, ahead, jobSeconds))).toBeLessThanOrEqual(0.5)
    }),
  )
})
