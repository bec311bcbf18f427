import { describe, expect, it } from 'vitest'
import { outcomesOf, requireAllFair } from '../run-experiment.mjs'
import { better, definition, mixed, oldRuns, runs, worse } from './fixture.mjs'
import { writePage } from './page.mjs'

/**
 * @param {import('../run-experiment.mjs').ArmRun[]} found @param {Partial<import('../definition.mjs').Definition>} [changed]
 * @param {import('../tuning.mjs').TuningResult | null} [tuning]
 */
function page(found, changed = {}, tuning = null) {
  const arms = [
    { arm: 'old', runs: oldRuns },
    { arm: 'new', runs: found },
  ]
  const given = { ...definition, ...changed }
  const result = {
    method: 'demo',
    measured: '2026-01-01',
    machine: {},
    seeds: [1, 2, 3],
    arms,
    outcomes: outcomesOf(given, arms),
    common: null,
  }
  return writePage({
    definition: given,
    result,
    title: 'Demo',
    paper: 'Somebody: *Demo*, 2020.',
    example: 'name: demo\n',
    tuning,
  })
}

describe('writePage', () => {
  it('shows every seed of every arm, with mean and standard error', () => {
    const text = page(better)
    expect(text).toContain('| the old way | 50.00 | 60.00 | 70.00 | 60.00 ± 5.77 |')
    expect(text).toContain('| the new way | 52.00 | 61.00 | 73.00 |')
  })

  it('draws what differs, and nothing where all is the same', () => {
    expect(page(better)).toContain('```text')
    const metrics = definition.metrics.map((metric) => ({ ...metric, arms: ['new'] }))
    const same = runs([1, 2, 3].map(() => ({ accuracy: 0.5 })))
    expect(page(same, { metrics })).not.toContain('```text')
  })

  it('gives the paired differences in points', () => {
    expect(page(better)).toContain(
      'in favour of the first: +2.00, +1.00, +3.00; mean +2.00 ± 0.58; ahead on 3 of 3 seeds',
    )
  })

  it('says held where the rule is met', () => {
    expect(page(better)).toContain('- **held**: New must beat old, every seed.')
  })

  it('prints a tie as a tie, and that chance would do', () => {
    const text = page(mixed)
    expect(text).toContain('- **tied**: New must beat old')
    expect(text).toContain('within two standard errors of no difference')
  })

  it('prints a loss as a loss', () => {
    const text = page(worse)
    expect(text).toContain('- **lost**: New must beat old')
    expect(text).toContain('−2.00, −1.00, −3.00')
  })

  it('shows what a tuning saw of held-out samples', () => {
    const candidates = [{ name: '10', values: [0.9, 0.92, 0.94] }]
    const tuning = {
      what: 'the weight',
      metric: /** @type {const} */ ('validation.accuracy'),
      seeds: [11, 12, 13],
      candidates,
    }
    const text = page(better, {}, tuning)
    expect(text).toContain('| the weight | seed 11 | seed 12 | seed 13 |')
    expect(text).toContain('| 10 | 90.00 | 92.00 | 94.00 | 92.00 ± 1.15 |')
    expect(text).toContain('npm run experiments -- demo --tune')
  })

  it('embeds the example, the paper and the commands', () => {
    const text = page(better)
    expect(text).toContain('```yaml\nname: demo\n```')
    expect(text).toContain('Somebody: *Demo*, 2020.')
    expect(text).toContain('npm run experiments -- demo --seeds 3')
  })

  it('prints why a difference between the arms is meant, and what is known of a result', () => {
    const [claim] = definition.mustShow
    const mustShow = claim ? [{ ...claim, differs: { training: 'more samples are the point' } }] : []
    const text = page(worse, { mustShow, remarks: 'The teacher is too weak.' })
    expect(text).toContain('more samples are the point')
    expect(text).toContain('The teacher is too weak.')
  })
})

describe('requireAllFair', () => {
  it('refuses an arm with more updates than the one it is compared with', () => {
    const longer = better.map((run) => ({ ...run, footing: { ...run.footing, updates: 11 } }))
    const arms = [
      { arm: 'old', runs: oldRuns },
      { arm: 'new', runs: longer },
    ]
    expect(() => requireAllFair(definition, arms)).toThrow('number of updates')
  })
})
