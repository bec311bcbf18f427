import { describe, expect, it } from 'vitest'
import { requireFairness } from './fairness.mjs'

const footing = { test: 't', training: 's', initialWeights: 'w', teacher: 'k', updates: 100, dataSeed: 1, trainSeed: 1 }

describe('requireFairness', () => {
  it('lets equal footings pass', () => {
    expect(() => requireFairness('c', ['a', footing], ['b', { ...footing }])).not.toThrow()
  })

  it.each([
    ['test', 'x', 'test samples'],
    ['training', 'x', 'training samples'],
    ['initialWeights', 'x', 'first weights'],
    ['teacher', 'x', 'trained teacher'],
    ['updates', 99, 'number of updates'],
    ['dataSeed', 2, 'seed of the data'],
    ['trainSeed', 2, 'seed of the training'],
  ])('refuses another %s', (part, value, named) => {
    expect(() => requireFairness('c', ['a', footing], ['b', { ...footing, [part]: value }])).toThrow(named)
  })

  it('excuses training samples that differ by intent', () => {
    const differs = { training: 'unlabelled samples are the point' }
    expect(() => requireFairness('c', ['a', footing], ['b', { ...footing, training: 'x' }], differs)).not.toThrow()
  })

  it('compares with a student that has no teacher', () => {
    expect(() => requireFairness('c', ['a', footing], ['b', { ...footing, teacher: null }])).not.toThrow()
  })

  it('excuses no difference in updates, whatever the reason', () => {
    expect(() => requireFairness('c', ['a', footing], ['b', footing], { updates: 'slow' })).toThrow('may not differ')
  })
})
