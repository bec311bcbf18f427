import { describe, expect, it } from 'vitest'
import type { LayerSpec } from '../contracts/architecture.ts'
import { describeArchitecture } from './describe-architecture.ts'

type Kind<T extends LayerSpec['type']> = Omit<Extract<LayerSpec, { type: T }>, 'name' | 'inputs'>
type Moving =
  | Kind<'zeroPad'>
  | Kind<'channelPad' | 'channelCrop'>
  | Kind<'reshape'>
  | Kind<'permute'>
  | Kind<'upsample2d'>

const describeOne = (inputShape: number[], layer: Moving | Kind<'conv2dTranspose'>) =>
  describeArchitecture({
    inputShape,
    layers: [{ ...layer, name: 'one', inputs: ['input'] } as LayerSpec],
    output: 'one',
    taps: {},
  })

describe('layers that move values', () => {
  it.each<[string, Moving, number[]]>([
    ['zero padding of each edge', { type: 'zeroPad', height: [1, 2], width: [0, 3] }, [9, 7, 3]],
    ['channels of zeros', { type: 'channelPad', before: 2, after: 1 }, [6, 4, 6]],
    ['a choice of channels', { type: 'channelCrop', before: 1, after: 1 }, [6, 4, 1]],
    ['reshaping', { type: 'reshape', shape: [24, 3] }, [24, 3]],
    ['reordered axes', { type: 'permute', axes: [3, 1, 2] }, [3, 6, 4]],
    ['nearest neighbours', { type: 'upsample2d', size: 3 }, [18, 12, 3]],
  ])('have the shape, and no weights or sums: %s', (_what, layer, shape) => {
    const { shapes, params, macs, faults } = describeOne([6, 4, 3], layer)
    expect(faults).toEqual([])
    expect(shapes.get('one')).toEqual(shape)
    expect([params, macs]).toEqual([0, 0])
  })

  it.each<[string, Moving, number[], string, string]>([
    ['a vector to pad', { type: 'zeroPad', height: [1, 1], width: [1, 1] }, [12], '[height, width, channels]', '[12]'],
    ['all channels taken away', { type: 'channelCrop', before: 1, after: 2 }, [2, 2, 3], 'more than 3', '[2, 2, 3]'],
    ['values made or lost', { type: 'reshape', shape: [5, 2] }, [2, 2, 3], '10 values', '[2, 2, 3]'],
    ['an axis used twice', { type: 'permute', axes: [1, 1, 2] }, [2, 2, 3], 'from 1 to 3 once', '[1, 1, 2]'],
    ['too few axes', { type: 'permute', axes: [2, 1] }, [2, 2, 3], '2 axes', '[2, 2, 3]'],
  ])('fault %s', (_what, layer, inputShape, expected, received) => {
    const { faults } = describeOne(inputShape, layer)
    expect(faults).toMatchObject([{ path: '/layers/0', expected: expect.stringContaining(expected), received }])
  })

  it.each<[string, Moving, string]>([
    ['height', { type: 'zeroPad', height: [-1, 1], width: [0, 0] }, '[-1, 1]'],
    ['before', { type: 'channelPad', before: -2, after: 2 }, '-2'],
    ['after', { type: 'channelCrop', before: 0, after: 0.5 }, '0.5'],
    ['shape', { type: 'reshape', shape: [0, 12] }, '[0, 12]'],
    ['size', { type: 'upsample2d', size: 0 }, '0'],
  ])('fault a number that %s cannot be', (field, layer, received) => {
    const { faults } = describeOne([2, 2, 3], layer)
    expect(faults).toMatchObject([{ path: `/layers/0/${field}`, expected: expect.stringContaining('whole'), received }])
  })
})

describe('conv2dTranspose', () => {
  const layer = { type: 'conv2dTranspose', filters: 5, kernel: 3, stride: 2, bias: true, init: 'he' } as const

  it.each([
    ['same', [8, 6, 5]],
    ['valid', [9, 7, 5]],
  ] as const)(
    'with padding %s grows by its stride, and counts its kernel once per value of the input',
    (padding, shape) => {
      const { shapes, params, macs, faults } = describeOne([4, 3, 2], { ...layer, padding })
      expect(faults).toEqual([])
      expect(shapes.get('one')).toEqual(shape)
      expect(params).toBe(9 * 2 * 5 + 5)
      expect(macs).toBe(4 * 3 * 9 * 2 * 5)
    },
  )

  it('takes maps only', () => {
    expect(describeOne([12], { ...layer, padding: 'same' }).faults).toMatchObject([
      { expected: '[height, width, channels]', received: '[12]' },
    ])
  })
})
