import { describe, expect, it } from 'vitest'
import { tinyCnn } from '../testing/tiny-networks.ts'
import { type ChooseUnits, chooseUnits, networkCost } from './choose-units.ts'
import { unitChain } from './unit-chain.ts'

const architecture = tinyCnn(3)
const chain = unitChain(architecture)
const layers = chain.ok ? chain.layers : []
const scores = [
  [0.5, 0, 0.9],
  [0.1, 0.2, 0.3, 0.4, 0, 0.8],
  [0, 0, 0, 0],
]
const choose = (change: Partial<ChooseUnits>) =>
  chooseUnits({ architecture, layers, scores, dropZeros: true, limit: null, ...change })

describe('the choice of units', () => {
  it('without a budget keeps what is not zero, and one unit of a layer that is', () => {
    expect(choose({})).toEqual({ conv1: [0, 2], conv2: [0, 1, 2, 3, 5], conv3: [0] })
  })

  it('by a number of units keeps the best of all layers, one at least of each', () => {
    expect(choose({ limit: { measure: 'units', most: 5 } })).toEqual({ conv1: [0, 2], conv2: [3, 5], conv3: [0] })
    expect(choose({ limit: { measure: 'units', most: 3 } })).toEqual({ conv1: [2], conv2: [5], conv3: [0] })
  })

  it('drops zeros though the budget would pay for them, unless told otherwise', () => {
    const limit = { measure: 'units', most: 13 } as const
    expect(choose({ limit })).toEqual(choose({}))
    expect(Object.values(choose({ limit, dropZeros: false })).flat()).toHaveLength(13)
  })

  it.each(['params', 'flops'] as const)(
    'by %s keeps the longest part of the ranking that the budget pays for',
    (measure) => {
      const whole = networkCost(architecture, choose({ limit: null, dropZeros: false }), measure)
      for (const share of [0.3, 0.5, 0.8]) {
        const kept = choose({ dropZeros: false, limit: { measure, most: share * whole } })
        expect(networkCost(architecture, kept, measure)).toBeLessThanOrEqual(share * whole)
        const count = Object.values(kept).flat().length
        const next = choose({ dropZeros: false, limit: { measure: 'units', most: count + 1 } })
        expect(networkCost(architecture, next, measure)).toBeGreaterThan(share * whole)
      }
    },
  )
})
