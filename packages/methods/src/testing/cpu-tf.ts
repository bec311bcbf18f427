// TensorFlow.js in plain JavaScript, for tests of losses and of tiny trainings.
import type { Ops, Scalar, Tensor, Tf } from '@stillhouse/engine'
import { createOps } from '@stillhouse/engine'
import * as tfjs from '@tensorflow/tfjs'
import { expect } from 'vitest'

export const tf = tfjs as Tf
await tf.setBackend('cpu')
export const ops: Ops = createOps({ tf, seed: 0, step: () => tf.scalar(0, 'int32') })

/** Value and gradient of a loss in its one argument. */
export function valueAndGradient(loss: (x: Tensor) => Scalar, at: Tensor): { value: number; gradient: number[] } {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad(loss)(at)
    return { value: value.dataSync()[0] ?? Number.NaN, gradient: Array.from(grad.dataSync()) }
  })
}

export function expectNear(actual: readonly number[], expected: readonly number[], digits = 5): void {
  expect(actual).toHaveLength(expected.length)
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, digits)
}
