import { describe, expect, it } from 'vitest'
import { bestOf, heldOut, TUNING_SEEDS } from './tuning.mjs'

/** @param {import('./tuning.mjs').TuningMetric} metric */
const result = (metric) => ({
  what: 'the weight',
  metric,
  seeds: TUNING_SEEDS,
  candidates: [
    { name: '1', values: [0.8, 0.9, 0.8] },
    { name: '10', values: [0.9, 0.9, 0.9] },
    { name: '100', values: [0.95, 0.5, 0.95] },
  ],
})

describe('a tuning', () => {
  it('takes the candidate of the highest mean accuracy', () => {
    expect(bestOf(result('validation.accuracy'))).toBe('10')
  })

  it('takes the candidate of the lowest mean loss', () => {
    expect(bestOf(result('validation.nll'))).toBe('100')
  })

  it('takes one candidate of each kind where several are tuned at once', () => {
    const [weak, good, best] = result('validation.accuracy').candidates
    const candidates = [
      { ...weak, of: 'l1' },
      { ...good, of: 'l2' },
      { ...best, of: 'l1' },
    ]
    const found = bestOf(/** @type {any} */ ({ metric: 'validation.accuracy', candidates }))
    expect(found).toBe('1, 10')
  })

  it('holds out training samples, evaluates on them, and leaves the rest of the job as it is', () => {
    const job = { data: { name: 'optdigits', limit: 300, seed: 1 }, train: { seed: 1 }, evaluate: { everyEpochs: 0 } }
    expect(heldOut(job)).toEqual({
      ...job,
      data: { ...job.data, validation: 0.2 },
      evaluate: { everyEpochs: 0, split: 'validation' },
    })
  })

  it('says on which data it can hold out', () => {
    expect(() => heldOut({ data: { name: 'shapes' } })).toThrow('optdigits or mnist')
  })

  it('has no seed of the experiments', () => {
    expect(Math.min(...TUNING_SEEDS)).toBeGreaterThan(10)
  })
})
