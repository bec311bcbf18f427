import { afterEach, beforeAll, expect, test } from 'vitest'
import { opsOf } from '../test/native-ops.ts'
import { tf } from '../test/native-tf.ts'
import { worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { installNativeKernels } from './native-kernels.ts'
import type { Tensor } from './tf.ts'

beforeAll(() => installNativeKernels(tf))
afterEach(() => tf.setBackend('tensorflow'))

const x = tf.tensor1d([-2, -0.5, 0.5, 3, 5.5, 7])
const activations: [string, (t: Tensor) => Tensor, number[]][] = [
  ['relu', (t) => tf.relu(t), [0, 0, 1, 1, 1, 1]],
  ['relu6', (t) => tf.relu6(t), [0, 0, 1, 1, 1, 0]],
]

test.each(activations)('the gradient of %s is one native op and right', (_, f, slope) => {
  let gradient: Tensor | undefined
  const ops = opsOf(tf, () => {
    gradient = tf.grad(f)(x)
  })
  expect(ops.filter((op) => op.endsWith('Grad'))).toHaveLength(1)
  expect(ops).not.toContain('Mul')
  expect([...(gradient as Tensor).dataSync()]).toEqual(slope)
})

test.each(activations)('%s keeps its gradient on other backends', async (_, f, slope) => {
  await tf.setBackend('cpu')
  expect([...tf.grad(f)(x).dataSync()]).toEqual(slope)
})

test.each(activations)('%s can be differentiated twice', (_, f, slope) => {
  const inner = tf.grad((t: Tensor) => tf.sum(tf.square(f(t))))
  const second = tf.grad((t: Tensor) => tf.sum(inner(t)))(x)
  expect([...second.dataSync()]).toEqual(slope.map((value) => 2 * value))
})

test('installing twice changes nothing', () => {
  const before = tf.getGradient('Relu')
  installNativeKernels(tf)
  expect(tf.getGradient('Relu')).toBe(before)
})

test('gather and its gradient do not read the indices', () => {
  const rows = randomTensor(tf, [4, 3], 1)
  const at = tf.tensor1d([3, 0, 3], 'int32')
  const f = (t: Tensor) => tf.sum(tf.square(tf.gather(t, at)))
  const read = tf.backend() as unknown as { readSync: unknown }
  read.readSync = () => expect.unreachable('a value was read')
  let gradient: Tensor
  try {
    gradient = tf.grad(f)(rows)
  } finally {
    Reflect.deleteProperty(read, 'readSync')
  }
  const factor = tf.tensor2d([[2], [0], [0], [4]])
  expect(worst(gradient.dataSync(), tf.mul(rows, factor).dataSync())).toBeLessThan(1e-6)
})

test('an index out of range is still refused', () => {
  expect(() => tf.gather(tf.ones([4, 3]), tf.tensor1d([4], 'int32'))).toThrow(/4 is not in \[0, 4\)/)
})
