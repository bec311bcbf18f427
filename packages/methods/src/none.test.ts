import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { none, smoothedCrossEntropy } from './none.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
const logits = tf.tensor2d([2, -1, 0.5, 0, 1, -2], [2, 3])
const labels = tf.tensor1d([0, 2], 'int32')
const smoothed = (given: Tensor, labelSmoothing: number) => (z: Tensor) =>
  smoothedCrossEntropy(maths, { logits: z, labels: given, labelSmoothing })

describe('the loss of none', () => {
  it('is cross-entropy with the labels', () => {
    const plain = valueAndGradient((z) => ops.crossEntropy(z, labels), logits)
    expect(valueAndGradient(smoothed(labels, 0), logits)).toEqual(plain)
  })

  it('with label smoothing is cross-entropy with a share of each label spread over all classes', () => {
    const targets = tf.tensor2d([0.8, 0.1, 0.1, 0.1, 0.1, 0.8], [2, 3])
    const expected = valueAndGradient((z) => ops.crossEntropy(z, targets), logits)
    const found = valueAndGradient(smoothed(labels, 0.3), logits)
    expect(found.value).toBeCloseTo(expected.value, 6)
    expectNear(found.gradient, expected.gradient, 6)
  })

  it('smooths labels that are probabilities already', () => {
    const mixed = tf.tensor2d([0.5, 0.5, 0, 0, 0, 1], [2, 3])
    const targets = tf.tensor2d([0.45, 0.45, 0.1, 0.1, 0.1, 0.8], [2, 3])
    const expected = valueAndGradient((z) => ops.crossEntropy(z, targets), logits)
    expectNear(valueAndGradient(smoothed(mixed, 0.3), logits).gradient, expected.gradient, 6)
  })

  it('follows the parameter of the job', async () => {
    const first = async (labelSmoothing: number) => {
      const { losses } = await trainMethod({ tf, method: none, params: { labelSmoothing }, spec: { steps: 3 } })
      return losses['ce']?.at(-1)
    }
    expect(await first(0.5)).not.toBe(await first(0))
  })
})
