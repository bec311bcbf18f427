import { afterEach, expect, test } from 'vitest'
import { opsOf } from '../test/native-ops.ts'
import { tf } from '../test/native-tf.ts'
import { numericGradient, worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'
import type { Scalar, Tensor } from './tf.ts'

afterEach(() => tf.setBackend('tensorflow'))

const logits = () => tf.mul(randomTensor(tf, [4, 3], 2), 3)
const labels = () => tf.tensor1d([2, 0, 1, 1], 'int32')

function byHand(x: Tensor, y: Tensor): number[] {
  const rows = x.arraySync() as number[][]
  return [...y.dataSync()].map((label, i) => {
    const row = rows[i] as number[]
    return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - (row[label] as number)
  })
}

test.each(['tensorflow', 'cpu'])('on %s it is minus the log of the label’s probability', async (backend) => {
  const expected = byHand(logits(), labels())
  await tf.setBackend(backend)
  const loss = softmaxCrossEntropy(tf, logits(), labels())
  expect(loss.shape).toEqual([4])
  expect(worst(loss.dataSync(), expected)).toBeLessThan(1e-5)
})

test('logits of a thousand do not overflow', () => {
  const loss = softmaxCrossEntropy(tf, tf.tensor2d([[1000, 0]]), tf.tensor1d([1], 'int32'))
  expect(loss.dataSync()[0]).toBe(1000)
})

test('its gradient agrees with numeric differences', () => {
  const weights = tf.tensor1d([1, -2, 0.5, 3])
  const f = (x: Tensor) => tf.sum(tf.mul(softmaxCrossEntropy(tf, x, labels()), weights)) as Scalar
  const received = tf.grad(f)(logits()).dataSync()
  expect(worst(received, numericGradient(tf, f, logits()))).toBeLessThan(5e-3)
})

test('forward and backward take one softmax', () => {
  const ops = opsOf(tf, () => tf.grad((x: Tensor) => tf.sum(softmaxCrossEntropy(tf, x, labels())))(logits()))
  expect(ops.filter((op) => op.includes('Softmax'))).toEqual(['SparseSoftmaxCrossEntropyWithLogits'])
})

test('the derivative of its gradient agrees with numeric differences', () => {
  const inner = tf.grad((x: Tensor) => tf.sum(softmaxCrossEntropy(tf, x, labels())))
  const penalty = (x: Tensor) => tf.sum(tf.square(inner(x))) as Scalar
  const received = tf.grad(penalty)(logits()).dataSync()
  expect(Math.max(...received.map(Math.abs))).toBeGreaterThan(0.01)
  expect(worst(received, numericGradient(tf, penalty, logits()))).toBeLessThan(5e-3)
})
