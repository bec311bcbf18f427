import { describe, expect, it } from 'vitest'
import { faultKinds } from './fault-kinds.mjs'
import { movedOn } from './inject-faults.mjs'
import { pick, planFaults } from './plan-faults.mjs'

describe('the plan of faults', () => {
  const kinds = faultKinds('redis')
  const told = (plan) => plan.map(({ kind, seconds, chance }) => [kind.name, seconds, chance])

  it('is the same for the same seed and another for another', () => {
    const [one, again, other] = [1, 1, 2].map((seed) => told(planFaults(kinds, { seed, count: 30 })))
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
  })

  it('has every kind before any comes again, and lengths within the bounds of their kinds', () => {
    const plan = planFaults(kinds, { seed: 3, count: 2 * kinds.length })
    const names = kinds.map(({ name }) => name).sort()
    for (const round of [plan.slice(0, kinds.length), plan.slice(kinds.length)])
      expect(round.map(({ kind }) => kind.name).sort()).toEqual(names)
    for (const { kind, seconds } of plan) {
      expect(seconds).toBeGreaterThanOrEqual(kind.seconds[0])
      expect(seconds).toBeLessThanOrEqual(kind.seconds[1])
    }
  })

  it('leaves Redis alone where there is none', () => {
    expect(faultKinds('postgres').filter(({ name }) => name.includes('Redis'))).toEqual([])
  })

  it('picks any of the targets, and none when there are none', () => {
    expect([0, 0.5, 0.99].map((chance) => pick(['a', 'b', 'c'], chance))).toEqual(['a', 'b', 'c'])
    expect(pick([], 0.5)).toBeUndefined()
  })
})

describe('a job that was hit', () => {
  const job = (state, attempt, eventSeq) => ({ id: '1', state, attempt, eventSeq, worker: 'w1' })
  const held = [job('running', 1, 5)]

  it.each([
    ['is done', job('succeeded', 1, 9), true],
    ['trains on in a later attempt', job('running', 2, 8), true],
    ['trains on where it was', job('running', 1, 8), true],
    ['stands still', job('running', 1, 7), false],
    ['waits to be tried again', job('queued', 1, 8), false],
    ['was handed out and not taken yet', job('dispatched', 2, 8), false],
  ])('%s', (_, now, expected) => {
    expect(movedOn(held, [job('running', 1, 7)], [now])).toBe(expected)
  })
})
