import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { lenet } from './lenet.ts'

const paper = { activation: 'tanh', pool: 'average' }
const describeOn = (inputShape: number[]) =>
  describeArchitecture(lenet.architecture(paper, { inputShape, classes: 10 }))

describe('lenet', () => {
  it('has the size of LeNet-5, layer by layer', () => {
    const { params, macs, faults } = describeOn([32, 32, 1])
    expect(faults).toEqual([])
    expect(params).toBe(61_706)
    expect(params).toBe(156 + 2416 + 48_120 + 10_164 + 850)
    expect(macs).toBe(784 * 25 * 6 + 100 * 25 * 6 * 16 + 400 * 120 + 120 * 84 + 84 * 10)
  })

  it('puts smaller images into the middle of a field of 32×32', () => {
    const { layers } = lenet.architecture(paper, { inputShape: [28, 9, 1], classes: 10 })
    expect(layers[0]).toMatchObject({ type: 'zeroPad', inputs: ['input'], height: [2, 2], width: [11, 12] })
    for (const side of [8, 28]) expect(describeOn([side, side, 1])).toMatchObject({ params: 61_706, faults: [] })
    const { layers: high } = lenet.architecture(paper, { inputShape: [40, 28, 1], classes: 10 })
    expect(high[0]).toMatchObject({ type: 'zeroPad', height: [0, 0], width: [2, 2] })
    const { layers: large } = lenet.architecture(paper, { inputShape: [32, 40, 3], classes: 10 })
    expect(large[0]?.name).toBe('stage1-conv')
  })

  it('takes its initialiser from its activation', () => {
    const initsOf = (activation: string) =>
      lenet
        .architecture({ ...paper, activation }, { inputShape: [32, 32, 1], classes: 10 })
        .layers.flatMap((layer) => ('init' in layer ? layer.init : []))
    expect(initsOf('tanh')).toEqual(['lecun', 'lecun', 'lecun', 'lecun', 'glorot'])
    expect(initsOf('relu')).toEqual(['he', 'he', 'he', 'he', 'glorot'])
  })

  it('pools by maximum when asked, and taps before the activation and after pooling', () => {
    const { layers, taps } = lenet.architecture(
      { activation: 'relu', pool: 'max' },
      { inputShape: [32, 32, 1], classes: 10 },
    )
    expect(layers.filter(({ type }) => type === 'maxPool').map(({ name }) => name)).toEqual([
      'stage1-pool',
      'stage2-pool',
    ])
    expect(taps).toEqual({
      ...{ stage1: 'stage1-pool', stage2: 'stage2-pool', 'stage1.pre': 'stage1-conv', 'stage2.pre': 'stage2-conv' },
      ...{ penultimate: 'hidden2-relu', logits: 'logits' },
    })
  })

  it('refuses samples that are no images', () => {
    expect(lenet.check(paper, { inputShape: [64], classes: 10 })).toMatchObject([
      { message: 'this family takes images', received: '[64]' },
    ])
  })
})
