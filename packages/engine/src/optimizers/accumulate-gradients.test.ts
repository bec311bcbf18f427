import type { OptimizerSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import type { Scalar, Variable } from '../contracts/tf.ts'
import { tf } from '../testing/native-tf.ts'
import { createOptimizer } from './create-optimizer.ts'

const START = [0.5, -1, 2]
const BATCHES = 6
const ROWS = 4

/** Row r of batch b. */
const sample = (b: number, r: number) => START.map((_, i) => Math.sin(1 + 7 * b + 3 * r + 11 * i))
const rowsOf = (batches: readonly number[]) =>
  batches.flatMap((b) => Array.from({ length: ROWS }, (_, r) => sample(b, r)))

/** Weights after each of the given batches, least squares against 1. */
function weightsAfter(spec: OptimizerSpec, batches: readonly number[][][], accumulate: number): number[][] {
  const w: Variable = tf.variable(tf.tensor2d(START, [3, 1]))
  const optimizer = createOptimizer({ tf, spec, variables: [w], accumulate })
  const weights = batches.map((rows) =>
    tf.tidy(() => {
      const loss = () => tf.mean(tf.square(tf.sub(tf.matMul(tf.tensor2d(rows), w as never), 1))) as Scalar
      const { grads } = tf.variableGrads(loss, [w])
      optimizer.apply([grads[w.name]], tf.scalar(spec.learningRate))
      return [...w.dataSync()]
    }),
  )
  optimizer.dispose()
  w.dispose()
  return weights
}

const small = Array.from({ length: BATCHES }, (_, b) => rowsOf([b]))
const large = [rowsOf([0, 1, 2]), rowsOf([3, 4, 5])]

describe('gradient accumulation', () => {
  it.each<OptimizerSpec>([
    { name: 'sgd', learningRate: 0.1 },
    { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01, clipNorm: 0.5 },
    { name: 'adam', learningRate: 0.05 },
    { name: 'adamw', learningRate: 0.05, weightDecay: 0.1 },
    { name: 'rmsprop', learningRate: 0.05, momentum: 0.5 },
  ])('n batches of b are one batch of n·b for $name with $momentum, $clipNorm', (spec) => {
    const accumulated = weightsAfter(spec, small, 3)
    const whole = weightsAfter(spec, large, 1)
    for (const [i, batch] of [2, 5].entries())
      accumulated[batch]?.forEach((value, k) => {
        expect(value).toBeCloseTo(whole[i]?.[k] as number, 5)
      })
    expect(whole[1]).not.toEqual(whole[0])
  })

  it('leaves weights bit for bit as they are until the last of its batches', () => {
    const weights = weightsAfter({ name: 'adamw', learningRate: 0.05, weightDecay: 0.1 }, small, 3)
    const start = [...Float32Array.from(START)]
    expect(weights.slice(0, 2)).toEqual([start, start])
    expect(weights.slice(3, 5)).toEqual([weights[2], weights[2]])
    expect(weights[2]).not.toEqual(start)
  })

  it('is not spoilt by a move that overflowed before it was due', () => {
    const w = tf.variable(tf.scalar(1))
    const spec = { name: 'sgd', learningRate: 1 } as const
    const optimizer = createOptimizer({ tf, spec, variables: [w], accumulate: 2 })
    tf.tidy(() => optimizer.apply([tf.scalar(1)], tf.scalar(Number.POSITIVE_INFINITY)))
    tf.tidy(() => optimizer.apply([tf.scalar(3)], tf.scalar(0.25)))
    expect(w.dataSync()[0]).toBe(0.5)
  })

  it('keeps the sum and the count in slots, for a checkpoint', () => {
    const variables = [tf.variable(tf.zeros([2, 3]))]
    const optimizer = createOptimizer({ tf, spec: { name: 'sgd', learningRate: 1 }, variables, accumulate: 4 })
    const shapes = Object.fromEntries([...optimizer.slots].map(([name, { shape }]) => [name, shape]))
    expect(shapes).toEqual({ 'accumulated/0': [2, 3], accumulatedBatches: [] })
  })
})
