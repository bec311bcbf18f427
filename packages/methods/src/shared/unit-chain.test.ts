import type { Architecture, LayerSpec } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { plainCnn } from '../testing/plain-cnn.ts'
import { tinyCnn, tinyMlp } from '../testing/tiny-networks.ts'
import { unitChain, unitCosts, withUnits } from './unit-chain.ts'

const changed = (architecture: Architecture, name: string, layer: Partial<LayerSpec>): Architecture => ({
  ...architecture,
  layers: architecture.layers.map((one) => (one.name === name ? ({ ...one, ...layer } as LayerSpec) : one)),
})
const unitsOf = (architecture: Architecture) => {
  const chain = unitChain(architecture)
  return chain.ok ? chain.layers : chain.message
}

describe('the layers whose units can be taken out', () => {
  it('are all but the last, each up to where its units are read', () => {
    expect(unitsOf(tinyMlp(5))).toEqual([{ name: 'hidden', units: 5, until: 'relu', shape: [5] }])
    expect(unitsOf(tinyCnn(2))).toEqual([
      { name: 'conv1', units: 2, until: 'relu1', shape: [4, 4, 2] },
      { name: 'conv2', units: 4, until: 'relu2', shape: [2, 2, 4] },
      { name: 'conv3', units: 4, until: 'mean', shape: [4] },
    ])
  })

  it('reach over depthwise convolution, padding and pooling, and end before flatten', () => {
    expect(unitsOf(plainCnn())).toEqual([
      { name: 'conv', units: 3, until: 'pool', shape: [2, 2, 3] },
      { name: 'hidden', units: 5, until: 'tanh', shape: [5] },
    ])
  })

  it.each([
    ['a shortcut', changed(tinyCnn(), 'relu2', { inputs: ['norm2', 'norm2'] }), /branches or shortcuts/],
    ['a branch', changed(tinyMlp(), 'logits', { inputs: ['hidden'] }), /branches or shortcuts/],
    ['another end', { ...tinyMlp(), output: 'relu' }, /last dense layer/],
    [
      'an unknown layer',
      changed(plainCnn(), 'depthwise', { type: 'channelCrop', before: 0, after: 1 } as never),
      /channelCrop/,
    ],
    [
      'batch norm behind flatten',
      changed(plainCnn(), 'drop', { type: 'batchNorm' } as never),
      /flatten, which batchNorm/,
    ],
    [
      'no hidden layer',
      { ...tinyMlp(), layers: [{ ...tinyMlp().layers.at(-1), inputs: ['input'] } as LayerSpec] },
      /no hidden layer/,
    ],
  ])('are none in a network with %s, which is said', (_, architecture, message) => {
    expect(unitsOf(architecture as Architecture)).toMatch(message)
  })
})

describe('the cost of a unit', () => {
  const architecture = tinyCnn(2)
  const chain = unitChain(architecture)
  const layers = chain.ok ? chain.layers : []

  it('is what the network loses with it, in weights and in multiply-adds', () => {
    const less = (name: string, count: number) =>
      unitCosts(withUnits(architecture, { [name]: count }), layers, 'params')
    // its kernel, batch norm, and what the next layer reads of it
    expect(unitCosts(architecture, layers, 'params')).toEqual([9 + 2 + 9 * 4, 9 * 2 + 2 + 4, 4 + 2 + 3])
    expect(unitCosts(architecture, layers, 'macs')).toEqual([16 * 9 + 4 * 9 * 4, 4 * 9 * 2 + 4 * 4, 4 * 4 + 3])
    expect(less('conv2', 3)[0]).toBe(9 + 2 + 9 * 3)
  })

  it('does not depend on how many there are', () => {
    const more = withUnits(architecture, { conv1: 7 })
    const chained = unitChain(more)
    const costs = unitCosts(more, chained.ok ? chained.layers : [], 'params')
    expect(costs[0]).toBe(9 + 2 + 9 * 4)
    expect(costs[1]).toBe(9 * 7 + 2 + 4)
  })
})
