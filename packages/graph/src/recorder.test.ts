// tfjs's kernels differ in how they call TensorFlow: each of these must come out of a graph as it does eagerly.
import { afterAll, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { compileStep } from './compile-step.ts'
import { installNativeKernels } from './native-kernels.ts'
import type { Tensor } from './tf.ts'

// biome-ignore lint/suspicious/noExplicitAny: sixty ops with sixty ranks
type Loose = any
type Ops = Record<string, (inputs: Record<string, Loose>) => Tensor>

installNativeKernels(tf)
const inputs: Record<string, Tensor> = {
  x: randomTensor(tf, [4, 6], 1),
  y: randomTensor(tf, [4, 6], 2),
  p: tf.add(tf.abs(randomTensor(tf, [4, 6], 3)), 0.1),
  m: randomTensor(tf, [6, 5], 4),
  im: randomTensor(tf, [2, 8, 8, 3], 5),
  w: randomTensor(tf, [3, 3, 3, 5], 6),
  dw: randomTensor(tf, [3, 3, 3, 2], 7),
  i: tf.tensor1d([0, 2, 1, 3], 'int32'),
  b: tf.tensor2d([[1, 0, 1, 1, 0, 0]], [1, 6], 'bool'),
}

const differentiable: Ops = {
  elementwise: ({ x, y }) =>
    tf.addN([tf.exp(x), tf.tanh(y), tf.sigmoid(x), tf.square(y), tf.neg(x), tf.abs(y), tf.erf(x)]),
  positive: ({ p }) => tf.addN([tf.log(p), tf.sqrt(p), tf.rsqrt(p), tf.reciprocal(p), tf.log1p(p), tf.pow(p, 1.5)]),
  activations: ({ x }) =>
    tf.addN([tf.relu(x), tf.relu6(tf.mul(x, 9)), tf.elu(x), tf.leakyRelu(x), tf.softplus(x), tf.selu(x)]),
  prelu: ({ x }) => tf.prelu(x, tf.fill([1, 6], 0.2)),
  arithmetic: ({ x, y, p }) => tf.div(tf.mul(tf.sub(x, y), tf.maximum(x, y)), tf.add(p, tf.minimum(x, 1))),
  squaredDifference: ({ x, y }) => tf.squaredDifference(x, y),
  softmax: ({ x }) => tf.softmax(x),
  logSoftmax: ({ x }) => tf.logSoftmax(x),
  logSumExp: ({ x }) => tf.logSumExp(x, 1),
  sums: ({ x }) => tf.add(tf.sum(x, 1, true), tf.mean(x, 0)),
  extremes: ({ x }) => tf.add(tf.max(x, 1, true), tf.min(x, 0)),
  products: ({ p }) => tf.prod(p, 1),
  cumulative: ({ x }) => tf.cumsum(x, 1, true, true),
  norm: ({ x }) => tf.norm(x),
  moments: ({ im }) => tf.moments(im, [0, 1, 2]).variance,
  matMul: ({ x, m }) => tf.matMul(x, m),
  transposed: ({ x, y }) => tf.matMul(x, y, false, true),
  batches: ({ im }) => tf.matMul(tf.reshape(im, [2, 8, 24]), tf.reshape(im, [2, 8, 24]), true, false),
  fusedMatMul: ({ x, m }) => tf.fused.matMul({ a: x, b: m, bias: tf.ones([5]), activation: 'relu' }),
  conv: ({ im, w }) => tf.conv2d(im, w, 2, 'same'),
  fusedConv: ({ im, w }) =>
    tf.fused.conv2d({ x: im, filter: w, strides: 1, pad: 'same', bias: tf.ones([5]), activation: 'relu' }),
  depthwise: ({ im, dw }) => tf.depthwiseConv2d(im, dw, 1, 'same'),
  convTranspose: ({ im }) => tf.conv2dTranspose(im, tf.ones([3, 3, 4, 3]), [2, 16, 16, 4], 2, 'same'),
  maxPool: ({ im }) => tf.maxPool(im, 3, 2, 'same'),
  avgPool: ({ im }) => tf.avgPool(im, 2, 2, 'valid'),
  batchNorm: ({ im }) => tf.batchNorm(im, tf.zeros([3]), tf.ones([3]), tf.ones([3]), tf.ones([3]), 1e-3),
  resize: ({ im }) => tf.image.resizeBilinear(im, [5, 7]),
  pad: ({ im }) =>
    tf.pad(im, [
      [0, 0],
      [1, 1],
      [2, 0],
      [0, 0],
    ]),
  slice: ({ x }) => tf.slice(x, [1, 0], [2, 3]),
  gather: ({ x, i }) => tf.gather(x, i, 1),
  concat: ({ x, y }) => tf.concat([x, y], 1),
  stack: ({ x, y }) => tf.stack([x, y]),
  unstack: ({ x }) => tf.unstack(x)[2] as Tensor,
  split: ({ x }) => tf.split(x, [2, 4], 1)[1] as Tensor,
  tile: ({ x }) => tf.tile(x, [2, 1]),
  reverse: ({ x }) => tf.reverse(x, 1),
  shapes: ({ x }) => tf.squeeze(tf.expandDims(tf.reshape(x, [3, 8]), 1)),
  transpose: ({ im }) => tf.transpose(im, [3, 0, 2, 1]),
  clip: ({ x }) => tf.clipByValue(x, -0.5, 0.5),
  where: ({ x, y, b }) => tf.where(tf.tile(b, [4, 1]), x, y),
  segments: ({ x, i }) => tf.unsortedSegmentSum(x, i, 4),
  crossEntropy: ({ x, p }) => tf.losses.softmaxCrossEntropy(p, x),
  cosine: ({ x, p }) => tf.losses.cosineDistance(p, x, 1),
}

const others: Ops = {
  einsum: ({ x, m }) => tf.einsum('ij,jk->ik', x, m),
  logic: ({ x, b }) => tf.logicalOr(tf.logicalAnd(tf.greater(x, 0), tf.logicalNot(b)), tf.less(x, -0.5)),
  strided: ({ x }) => tf.stridedSlice(x, [0, 0], [4, 6], [2, 3]),
  argMax: ({ x }) => tf.argMax(x, 1),
  topk: ({ x }) => tf.topk(x, 2).indices,
  oneHot: ({ i }) => tf.oneHot(i, 5),
  cast: ({ x }) => tf.cast(tf.mul(x, 9), 'int32'),
  compare: ({ x, y }) => tf.equal(tf.sign(x), tf.sign(y)),
  scatter: ({ x }) => tf.scatterND(tf.tensor2d([[1], [3]], [2, 1], 'int32'), tf.slice(x, [0, 0], [2, 6]), [4, 6]),
  rounds: ({ x }) => tf.addN([tf.round(x), tf.floor(x), tf.ceil(x), tf.step(x)]),
  confusion: ({ i }) => tf.math.confusionMatrix(i, i, 4),
  constants: ({ x }) => tf.add(tf.add(tf.range(0, 6), tf.linspace(0, 1, 6)), tf.sum(tf.mul(tf.eye(4, 6), x))),
}

function runAll(ops: Ops): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(ops).map(([name, op]) => [name, op(inputs)]))
}

/** The gradient of every op in all float inputs, packed. */
function gradientOf(op: Ops[string], given: Record<string, Tensor>): Tensor {
  const names = Object.keys(given).filter((name) => given[name]?.dtype === 'float32')
  const f = (...values: Tensor[]) => {
    const all = { ...given, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) }
    const touched = tf.addN(values.map((value) => tf.sum(value)))
    return tf.add(tf.sum(tf.square(op(all))), touched)
  }
  return tf.concat(
    tf
      .grads(f as Loose)(names.map((name) => given[name] as Tensor))
      .map((gradient) => tf.reshape(gradient, [-1])),
  )
}

const compileAll = (run: (given: Record<string, Tensor>) => Record<string, Tensor>) => {
  const compiled = compileStep({ tf, name: 'ops', step: run, inputs, variables: [] })
  afterAll(compiled.dispose)
  return compiled.run(inputs)
}
const forward = compileAll((given) =>
  Object.fromEntries(Object.entries({ ...differentiable, ...others }).map(([k, op]) => [k, op(given)])),
)
const backward = compileAll((given) =>
  Object.fromEntries(Object.entries(differentiable).map(([k, op]) => [k, gradientOf(op, given)])),
)

test.each(Object.entries(runAll({ ...differentiable, ...others })))('%s: traced equals eager', (name, eager) => {
  const traced = forward[name] as Tensor
  expect([traced.dtype, traced.shape]).toEqual([eager.dtype, eager.shape])
  expect(worst(traced.dataSync(), eager.dataSync())).toBeLessThan(2e-5)
})

test.each(Object.entries(differentiable))('%s: its traced gradient equals the eager one', (name, op) => {
  const eager = gradientOf(op, inputs).dataSync()
  const size = Math.max(...eager.map(Math.abs))
  expect(worst((backward[name] as Tensor).dataSync(), eager) / size).toBeLessThan(2e-5)
})
