import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { stopGradient } from './stop-gradient.ts'
import type { Tensor } from './tf.ts'

afterEach(() => tf.setBackend('tensorflow'))

test.each(['tensorflow', 'cpu'])('on %s values pass and gradients do not', async (backend) => {
  await tf.setBackend(backend)
  const x = tf.tensor1d([2, 3])
  const f = (t: Tensor) => tf.sum(tf.mul(stopGradient(tf, tf.square(t)), t))
  expect([...tf.grad(f)(x).dataSync()]).toEqual([4, 9])
})

test('the original may go first and nothing leaks', () => {
  const before = tf.memory().numTensors
  const x = tf.tensor1d([1, 2])
  const y = stopGradient(tf, x)
  x.dispose()
  expect([...y.dataSync()]).toEqual([1, 2])
  y.dispose()
  tf.tidy(() => void stopGradient(tf, tf.ones([3])))
  expect(tf.memory().numTensors).toBe(before)
})
