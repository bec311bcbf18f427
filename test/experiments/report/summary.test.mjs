import { describe, expect, it } from 'vitest'
import { outcomesOf } from '../run-experiment.mjs'
import { better, definition, oldRuns, worse } from './fixture.mjs'
import { writeSummary } from './summary.mjs'

/** @param {string} method @param {import('../run-experiment.mjs').ArmRun[] | null} common */
function entry(method, common) {
  const arms = [
    { arm: 'old', runs: oldRuns },
    { arm: 'new', runs: better },
  ]
  const outcomes = outcomesOf(definition, arms)
  const result = { method, measured: '2026-01-01', machine: {}, seeds: [1, 2, 3], arms, outcomes, common }
  return { definition, result }
}
const control = () => ({ ...entry('none', oldRuns), definition: { ...definition, mustShow: [] } })

describe('writeSummary', () => {
  it('orders the methods by accuracy and pairs each with the student without a teacher', () => {
    const text = writeSummary([entry('bad', worse), control(), entry('good', better)], [])
    const order = ['[good](good.md) | 3 |', 'no teacher | 3 |', '[bad](bad.md) | 3 |'].map((row) => text.indexOf(row))
    expect(order.every((at, i) => at > (order[i - 1] ?? 0))).toBe(true)
    expect(text).toContain('| +2.00 ± 0.58 | 3 of 3 |')
    expect(text).toContain('| −2.00 ± 0.58 | 0 of 3 |')
  })

  it('lists the verdict of every claim', () => {
    expect(writeSummary([entry('good', null)], [])).toContain('| New must beat old, every seed. | held |')
  })

  it('names the methods that have not been run', () => {
    expect(writeSummary([control()], ['at', 'rkd'])).toContain('Not run yet: at, rkd.')
  })

  it('refuses a method that had another budget', () => {
    const longer = better.map((run) => ({ ...run, footing: { ...run.footing, updates: 11 } }))
    expect(() => writeSummary([control(), entry('good', longer)], [])).toThrow('number of updates')
  })

  it('compares only the seeds that both have', () => {
    expect(writeSummary([control(), entry('good', better.slice(0, 2))], [])).toContain('| 2 of 2 |')
  })
})
