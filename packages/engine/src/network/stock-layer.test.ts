import { describe, expect, it } from 'vitest'
import { describeArchitecture } from '../architecture/describe-architecture.ts'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import { tf } from '../testing/native-tf.ts'
import { buildNetwork } from './build-network.ts'
import { countParams } from './count-params.ts'
import { forward } from './forward.ts'

const named = (layers: readonly object[]): LayerSpec[] =>
  layers.map(
    (layer, i) => ({ ...layer, name: `l${i + 1}`, inputs: [i === 0 ? 'input' : `l${i}`] }) as unknown as LayerSpec,
  )

function network(inputShape: number[], ...layers: object[]) {
  const architecture: Architecture = { inputShape, layers: named(layers), output: `l${layers.length}`, taps: {} }
  return { architecture, built: buildNetwork({ tf, role: 'student', architecture, seed: 1 }) }
}

/** What one layer makes of the numbers 1, 2, 3 … in a map of this shape. */
function valuesOf(inputShape: number[], ...layers: object[]): number[] {
  const { built } = network(inputShape, ...layers)
  return tf.tidy(() => {
    const size = inputShape.reduce((product, axis) => product * axis, 1)
    const x = tf.reshape(tf.range(1, size + 1, 1, 'float32'), [1, ...inputShape])
    return [...forward({ tf, network: built, x }).logits.dataSync()]
  })
}

describe('a stock layer', () => {
  it('pads channels with zeros before and after', () => {
    expect(valuesOf([1, 2, 2], { type: 'channelPad', before: 1, after: 2 })).toEqual([0, 1, 2, 0, 0, 0, 3, 4, 0, 0])
  })

  it('takes channels away before and after', () => {
    expect(valuesOf([1, 2, 4], { type: 'channelCrop', before: 1, after: 1 })).toEqual([2, 3, 6, 7])
  })

  it('pads rows and columns with zeros', () => {
    expect(valuesOf([1, 2, 1], { type: 'zeroPad', height: [1, 0], width: [0, 1] })).toEqual([0, 0, 0, 1, 2, 0])
  })

  it('repeats rows and columns', () => {
    expect(valuesOf([1, 2, 1], { type: 'upsample2d', size: 2 })).toEqual([1, 1, 2, 2, 1, 1, 2, 2])
  })

  it('shuffles two halves of the channels by reshaping, reordering and reshaping', () => {
    const shuffle = [
      { type: 'reshape', shape: [2, 2, 3] },
      { type: 'permute', axes: [1, 3, 2] },
      { type: 'reshape', shape: [1, 2, 6] },
    ]
    expect(valuesOf([1, 2, 6], ...shuffle)).toEqual([1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12])
  })

  it('takes every second row and column by pooling with a window of one', () => {
    const subsample = { type: 'maxPool', size: 1, stride: 2, padding: 'valid' }
    expect(valuesOf([3, 3, 1], subsample)).toEqual([1, 3, 7, 9])
  })
})

const moving = [
  { type: 'zeroPad', height: [1, 2], width: [0, 1] },
  { type: 'conv2dTranspose', filters: 6, kernel: 3, stride: 2, padding: 'same', bias: true, init: 'he' },
  { type: 'channelPad', before: 1, after: 3 },
  { type: 'conv2dTranspose', filters: 4, kernel: 5, stride: 3, padding: 'valid', bias: false, init: 'heOut' },
  { type: 'channelCrop', before: 0, after: 2 },
  { type: 'upsample2d', size: 2 },
  { type: 'permute', axes: [2, 3, 1] },
]

describe('a network of layers that move values', () => {
  it('has the shapes and the size of its description', () => {
    const { architecture, built } = network([2, 3, 2], ...moving)
    const { shapes, params, faults } = describeArchitecture(architecture)
    expect(faults).toEqual([])
    const actual = built.model.layers
      .slice(1)
      .map(({ name, outputShape }) => [name, (outputShape as number[]).slice(1)])
    expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(shapes))
    expect(countParams(built)).toBe(params)
  })

  it('has finite gradients, not all zero, for every weight', () => {
    const { built } = network([2, 3, 2], ...moving)
    const x = tf.randomNormal([2, 2, 3, 2], 0, 1, 'float32', 3)
    const loss = () => tf.mean(tf.square(forward({ tf, network: built, x }).logits)).asScalar()
    const { grads } = tf.variableGrads(loss, [...built.trainable])
    const sizes = Object.values(grads).map((gradient) => tf.sum(tf.abs(gradient)).dataSync()[0] ?? Number.NaN)
    expect(sizes).toHaveLength(3)
    for (const size of sizes) expect(size).toBeGreaterThan(0)
    for (const size of sizes) expect(Number.isFinite(size)).toBe(true)
  })
})
