import { describe, expect, it } from 'vitest'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import { describeArchitecture } from './describe-architecture.ts'

const conv = { type: 'conv2d', kernel: 3, stride: 1, padding: 'same', bias: false, init: 'he' } as const

/** conv 3×3×8 → batch norm → relu → pool 2 → flatten → dense 10, on 8 × 8 × 1. */
function small(change: (layers: LayerSpec[]) => LayerSpec[] = (layers) => layers): Architecture {
  const layers: LayerSpec[] = [
    { ...conv, name: 'conv', inputs: ['input'], filters: 8 },
    { name: 'norm', type: 'batchNorm', inputs: ['conv'], momentum: 0.9, epsilon: 1e-5 },
    { name: 'relu', type: 'activation', inputs: ['norm'], activation: 'relu' },
    { name: 'pool', type: 'maxPool', inputs: ['relu'], size: 2, stride: 2, padding: 'valid' },
    { name: 'flat', type: 'flatten', inputs: ['pool'] },
    { name: 'logits', type: 'dense', inputs: ['flat'], units: 10, bias: true, init: 'lecun' },
  ]
  return {
    inputShape: [8, 8, 1],
    layers: change(layers),
    output: 'logits',
    taps: { penultimate: 'flat', logits: 'logits' },
  }
}

describe('describeArchitecture', () => {
  it('counts parameters and multiply-adds as by hand', () => {
    const { params, macs, faults } = describeArchitecture(small())
    expect(faults).toEqual([])
    expect(params).toBe(9 * 8 + 2 * 8 + 128 * 10 + 10)
    expect(macs).toBe(64 * 9 * 8 + 128 * 10)
  })

  it('gives shapes by layer and by tap', () => {
    const { shapes, taps } = describeArchitecture(small())
    expect(shapes.get('conv')).toEqual([8, 8, 8])
    expect(shapes.get('pool')).toEqual([4, 4, 8])
    expect(taps.get('penultimate')).toEqual({ layer: 'flat', shape: [128] })
  })

  it('strides, depthwise kernels, joins and global pooling have the shapes of TensorFlow', () => {
    const { shapes, params, macs, faults } = describeArchitecture({
      inputShape: [7, 5, 3],
      layers: [
        { ...conv, name: 'a', inputs: ['input'], filters: 4, stride: 2 },
        { ...conv, name: 'b', inputs: ['input'], filters: 4, stride: 2, kernel: 1 },
        { name: 'sum', type: 'add', inputs: ['a', 'b'] },
        {
          name: 'dw',
          type: 'depthwiseConv2d',
          inputs: ['sum'],
          kernel: 3,
          stride: 1,
          padding: 'valid',
          bias: true,
          init: 'he',
        },
        { name: 'skip', type: 'avgPool', inputs: ['sum'], size: 3, stride: 1, padding: 'valid' },
        { name: 'both', type: 'concat', inputs: ['dw', 'skip'] },
        { name: 'mean', type: 'globalAvgPool', inputs: ['both'] },
      ],
      output: 'mean',
      taps: {},
    })
    expect(faults).toEqual([])
    expect(shapes.get('sum')).toEqual([4, 3, 4])
    expect(shapes.get('both')).toEqual([2, 1, 8])
    expect(shapes.get('mean')).toEqual([8])
    expect(params).toBe(9 * 3 * 4 + 3 * 4 + 9 * 4 + 4)
    expect(macs).toBe(4 * 3 * (9 * 3 * 4 + 3 * 4) + 2 * 1 * 9 * 4)
  })

  it.each([
    [
      'an input too small for an unpadded window',
      (l: LayerSpec[]) => l.map((x) => (x.name === 'pool' ? { ...x, size: 9 } : x) as LayerSpec),
      '/layers/3',
      'larger than its input',
    ],
    [
      'a dense layer on a map',
      (l: LayerSpec[]) => l.map((x) => (x.name === 'logits' ? { ...x, inputs: ['pool'] } : x)),
      '/layers/5',
      'cannot take this input',
    ],
    [
      'two layers of one name',
      (l: LayerSpec[]) => l.map((x) => (x.name === 'relu' ? { ...x, name: 'norm' } : x)),
      '/layers/2/name',
      'two layers',
    ],
    [
      'a reader of an unknown layer',
      (l: LayerSpec[]) => l.map((x) => (x.name === 'relu' ? { ...x, inputs: ['nrom'] } : x)),
      '/layers/2/inputs',
      'does not come before',
    ],
    [
      'a layer that leads nowhere',
      (l: LayerSpec[]) => [...l, { ...conv, name: 'extra', inputs: ['conv'], filters: 2 }],
      '/layers/6',
      'leads nowhere',
    ],
    [
      'a width of zero',
      (l: LayerSpec[]) => l.map((x) => (x.name === 'conv' ? { ...x, filters: 0 } : x) as LayerSpec),
      '/layers/0/filters',
      'number that it cannot use',
    ],
  ])('faults %s', (_what, change, path, message) => {
    const { faults } = describeArchitecture(small(change))
    expect(faults).toContainEqual(expect.objectContaining({ path, message: expect.stringContaining(message) }))
  })

  it('takes an end besides the output when a tap names it, and counts it', () => {
    const end: LayerSpec = { ...conv, name: 'extra', inputs: ['conv'], filters: 2 }
    const { params, macs } = describeArchitecture(small())
    const branched = small((layers) => [...layers, end])
    const described = describeArchitecture({ ...branched, taps: { ...branched.taps, 'branch2.stage1': 'extra' } })
    expect(described.faults).toEqual([])
    expect(described.params - params).toBe(9 * 8 * 2)
    expect(described.macs - macs).toBe(64 * 9 * 8 * 2)
  })

  it('faults an output and a tap that name no layer, with the nearest name', () => {
    const { faults } = describeArchitecture({ ...small(), output: 'logit', taps: { penultimate: 'flaat' } })
    expect(faults).toContainEqual(expect.objectContaining({ path: '/output', suggestion: 'logits' }))
    expect(faults).toContainEqual(expect.objectContaining({ path: '/taps/penultimate', suggestion: 'flat' }))
  })
})
