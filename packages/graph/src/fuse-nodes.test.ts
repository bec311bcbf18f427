import { expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { compileStep } from './compile-step.ts'
import { fuseNodes } from './fuse-nodes.ts'
import { type GraphNode, reachable } from './graph-node.ts'
import { recordStep } from './record-step.ts'
import type { Tensor, Tensor4D } from './tf.ts'

const image = randomTensor(tf, [2, 6, 6, 3], 1) as Tensor4D
const kernel = randomTensor(tf, [3, 3, 3, 4], 2) as Tensor4D
const depthwise = randomTensor(tf, [3, 3, 3, 2], 3) as Tensor4D

const variances = new Map([4, 6].map((c) => [c, tf.add(randomTensor(tf, [c], 5), 2)]))

function normalise(x: Tensor, variance = variances.get(x.shape.at(-1) as number) as Tensor): Tensor {
  const [mean, beta, gamma] = [6, 7, 8].map((seed) => randomTensor(tf, variance.shape, seed)) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  return tf.batchNorm(x, mean as never, variance as never, beta as never, gamma as never, 1e-3)
}

type Step = (x: Tensor4D) => Record<string, Tensor>

function opsAfter(step: Step): string[] {
  const options = { tf, name: 'fuse', inputs: { x: image }, variables: [], ownInputs: false }
  const { outputs } = recordStep({ ...options, step: (inputs) => step(inputs['x'] as Tensor4D) })
  return fuseNodes(reachable(Object.values(outputs).map(({ node }) => node))).map(({ op }) => op)
}

/** Largest difference between eager and compiled, over the outputs. */
function difference(step: Step): number {
  const run = (inputs: Record<string, Tensor>) => step(inputs['x'] as Tensor4D)
  const compiled = compileStep({ tf, name: 'fuse', step: run, inputs: { x: image }, variables: [] })
  const [eager, traced] = [step(image), compiled.run({ x: image })]
  compiled.dispose()
  return Math.max(
    ...Object.entries(eager).map(([key, tensor]) => worst((traced[key] as Tensor).dataSync(), tensor.dataSync())),
  )
}

test.each([
  ['convolution', (x: Tensor4D) => tf.conv2d(x, kernel, 1, 'same')],
  ['depthwise convolution', (x: Tensor4D) => tf.depthwiseConv2d(x, depthwise, 1, 'same')],
])('a frozen batch norm goes into the weights of its %s', (_, conv) => {
  const step = (x: Tensor4D) => ({ y: tf.relu(normalise(conv(x))) })
  expect(opsAfter(step).filter((op) => op.includes('BatchNorm'))).toEqual([])
  expect(opsAfter(step)).toContain('BiasAdd')
  expect(difference(step)).toBeLessThan(2e-5)
})

test('a frozen layer that is run twice has its folded weights once, and the unfolded ones not at all', () => {
  const [mean, variance, beta, gamma] = [6, 5, 7, 8].map((seed) => tf.abs(randomTensor(tf, [4], seed)))
  const layer = (x: Tensor4D) =>
    tf.batchNorm(tf.conv2d(x, kernel, 1, 'same'), mean as never, variance as never, beta as never, gamma as never)
  const step = (x: Tensor4D) => ({ y: layer(x), z: layer(tf.mul(x, 2)) })
  const constants = (ops: string[]) => ops.filter((op) => op === 'Const').length
  const other = constants(opsAfter((x) => ({ y: tf.mul(x, 2) })))
  expect(constants(opsAfter(step)) - other).toBe(2)
  expect(difference(step)).toBeLessThan(2e-5)
})

test('a convolution that something else reads keeps its weights', () => {
  const step = (x: Tensor4D) => {
    const tapped = tf.conv2d(x, kernel, 1, 'same')
    return { tapped, y: tf.mul(normalise(tapped), tf.relu(tapped)) }
  }
  expect(opsAfter(step).filter((op) => op.includes('BatchNorm'))).toHaveLength(1)
  expect(difference(step)).toBeLessThan(2e-5)
})

test('a batch norm whose statistics are not constant stays', () => {
  const step = (x: Tensor4D) => ({
    y: normalise(tf.conv2d(x, kernel, 1, 'same'), tf.add(tf.mean(tf.square(x)), tf.ones([4]))),
  })
  expect(opsAfter(step).filter((op) => op.includes('BatchNorm'))).toHaveLength(1)
  expect(difference(step)).toBeLessThan(2e-5)
})

test('a sum that is a bias becomes one, and no other sum does', () => {
  const step = (x: Tensor4D) => {
    const conv = tf.conv2d(x, kernel, 1, 'same')
    const flat = tf.reshape(x, [2, 108])
    const dense = tf.matMul(flat, randomTensor(tf, [108, 5], 9) as never)
    return {
      biased: tf.relu(tf.add(conv, tf.ones([4]))),
      denseBiased: tf.add(tf.ones([5]), dense),
      denseSecond: tf.add(dense, tf.ones([5])),
      scalar: tf.add(conv, tf.scalar(1)),
      single: tf.add(conv, tf.ones([1])),
      residual: tf.add(conv, conv),
    }
  }
  expect(opsAfter(step).filter((op) => op === 'BiasAdd')).toHaveLength(2)
  expect(opsAfter(step).filter((op) => op === 'Add')).toHaveLength(4)
  expect(difference(step)).toBeLessThan(2e-5)
})

test('a product of two matrices is a matrix product, transposed or not, and a batch of them is not', () => {
  const step = (x: Tensor4D) => {
    const [a, b] = [tf.reshape(x, [12, 18]), randomTensor(tf, [12, 18], 4)] as never[]
    const batch = tf.reshape(x, [2, 6, 18])
    return {
      left: tf.matMul(a as never, b as never, true),
      right: tf.matMul(a as never, b as never, false, true),
      batch: tf.matMul(batch, batch, false, true),
    }
  }
  expect(
    opsAfter(step)
      .filter((op) => op.includes('MatMul'))
      .sort(),
  ).toEqual(['BatchMatMulV2', 'MatMul', 'MatMul'])
  expect(difference(step)).toBeLessThan(2e-5)
})

test('a reshape to the same shape is an identity, which TensorFlow drops before it fuses', () => {
  const step = (x: Tensor4D) => ({
    same: tf.relu(tf.reshape(x, x.shape)),
    rank: tf.relu(tf.reshape(x, [2, 108])),
    size: tf.relu(tf.reshape(x, [6, 2, 6, 3])),
  })
  expect(opsAfter(step).filter((op) => op === 'Identity')).toHaveLength(1)
  expect(opsAfter(step).filter((op) => op === 'Reshape')).toHaveLength(2)
  expect(difference(step)).toBe(0)
})

test('nodes keep their names and their order', () => {
  const leaf: GraphNode = { name: 'a', op: 'Placeholder', inputs: [], controls: [], attrs: {} }
  const next: GraphNode = { ...leaf, name: 'b', op: 'Neg', inputs: [{ node: leaf, index: 0, dtype: 1, shape: [2, 2] }] }
  expect(fuseNodes([leaf, next])).toEqual([leaf, next])
})
