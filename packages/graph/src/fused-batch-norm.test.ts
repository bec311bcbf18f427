import { afterEach, expect, test } from 'vitest'
import { opsOf } from '../test/native-ops.ts'
import { tf } from '../test/native-tf.ts'
import { numericGradient, worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { compileStep } from './compile-step.ts'
import { fusedBatchNorm, fusedBatchNormInference } from './fused-batch-norm.ts'
import type { Scalar, Tensor } from './tf.ts'

afterEach(() => tf.setBackend('tensorflow'))

const epsilon = 1e-2
const sample = () => ({
  x: randomTensor(tf, [3, 2, 2, 2], 1),
  gamma: tf.tensor1d([1.5, -0.5]),
  beta: tf.tensor1d([0.1, 2]),
})

/** A loss in which every element of y counts differently. */
const loss = (y: Tensor) => tf.sum(tf.mul(tf.square(y), randomTensor(tf, y.shape, 9))) as Scalar

/** Batch norm by its definition, in doubles, over all axes but the last. */
function byHand(x: Tensor, gamma: Tensor, beta: Tensor) {
  const channels = gamma.size
  const n = x.size / channels
  const values = [...x.dataSync()]
  const channel = (c: number) => values.filter((_, i) => i % channels === c)
  const mean = [...gamma.dataSync()].map((_, c) => channel(c).reduce((a, b) => a + b, 0) / n)
  const squares = mean.map((m, c) => channel(c).reduce((sum, v) => sum + (v - m) ** 2, 0))
  const [g, b] = [gamma.dataSync(), beta.dataSync()]
  const y = values.map((v, i) => {
    const c = i % channels
    const [m, s] = [mean[c] as number, squares[c] as number]
    return ((v - m) / Math.sqrt(s / n + epsilon)) * (g[c] as number) + (b[c] as number)
  })
  return { y, mean, variance: squares.map((s) => s / (n - 1)) }
}

test.each([[[12, 2]], [[3, 4, 2]], [[3, 2, 2, 2]]])(
  'shape %j gives the definition, with the variance of n − 1',
  async (shape) => {
    const { x, gamma, beta } = sample()
    const shaped = tf.reshape(x, shape)
    const expected = byHand(shaped, gamma, beta)
    for (const backend of ['tensorflow', 'cpu']) {
      await tf.setBackend(backend)
      const { y, mean, variance } = fusedBatchNorm(tf, { x: shaped, gamma, beta, epsilon })
      expect(y.shape).toEqual(shape)
      expect(worst(y.dataSync(), expected.y)).toBeLessThan(1e-5)
      expect(worst(mean.dataSync(), expected.mean)).toBeLessThan(1e-6)
      expect(worst(variance.dataSync(), expected.variance)).toBeLessThan(1e-6)
    }
  },
)

test('its gradients agree with numeric differences in x, gamma and beta', () => {
  const input = sample()
  const f = (x: Tensor, gamma: Tensor, beta: Tensor) => loss(fusedBatchNorm(tf, { x, gamma, beta, epsilon }).y)
  const [dx, dGamma, dBeta] = tf.grads(f as never)([input.x, input.gamma, input.beta]) as [Tensor, Tensor, Tensor]
  expect(
    worst(
      dx.dataSync(),
      numericGradient(tf, (x) => f(x, input.gamma, input.beta), input.x),
    ),
  ).toBeLessThan(2e-2)
  expect(
    worst(
      dGamma.dataSync(),
      numericGradient(tf, (g) => f(input.x, g, input.beta), input.gamma),
    ),
  ).toBeLessThan(2e-2)
  expect(
    worst(
      dBeta.dataSync(),
      numericGradient(tf, (b) => f(input.x, input.gamma, b), input.beta),
    ),
  ).toBeLessThan(2e-2)
})

test('forward and backward are one native op each', () => {
  const { x, gamma, beta } = sample()
  const ops = opsOf(tf, () => tf.grad((t: Tensor) => tf.sum(fusedBatchNorm(tf, { x: t, gamma, beta, epsilon }).y))(x))
  expect(ops.filter((op) => op.startsWith('Fused'))).toEqual(['FusedBatchNormV3', 'FusedBatchNormGradV3'])
  expect(ops).not.toContain('Rsqrt')
})

test('the derivative of its gradient is that of the composed formula', async () => {
  const { x, gamma, beta } = sample()
  const penalty = () => {
    const inner = tf.grad((t: Tensor) => loss(fusedBatchNorm(tf, { x: t, gamma, beta, epsilon }).y))
    return tf
      .grad((t: Tensor) => tf.sum(tf.square(inner(t))))(x)
      .dataSync()
  }
  const fused = penalty()
  await tf.setBackend('cpu')
  const composed = penalty()
  expect(Math.max(...composed.map(Math.abs))).toBeGreaterThan(1)
  expect(worst(fused, composed) / Math.max(...composed.map(Math.abs))).toBeLessThan(1e-4)
})

test('compiled it gives what it gives eagerly', () => {
  const input = sample()
  const step = (inputs: Record<string, Tensor>) => {
    const { x, gamma, beta } = inputs as ReturnType<typeof sample>
    const { y, mean, variance } = fusedBatchNorm(tf, { x, gamma, beta, epsilon })
    const dx = tf.grad((t: Tensor) => loss(fusedBatchNorm(tf, { x: t, gamma, beta, epsilon }).y))(x)
    return { y, mean, variance, dx }
  }
  const compiled = compileStep({ tf, name: 'norm', step, inputs: input, variables: [] })
  const [expected, received] = [step(input), compiled.run(input)]
  compiled.dispose()
  for (const [key, tensor] of Object.entries(expected)) {
    expect(worst((received[key] as Tensor).dataSync(), tensor.dataSync())).toBeLessThan(1e-5)
  }
})

test('inference uses the given statistics, for any rank', () => {
  const { x, gamma, beta } = sample()
  const [mean, variance] = [tf.tensor1d([0.5, -1]), tf.tensor1d([4, 0.25])]
  const flat = fusedBatchNormInference(tf, { x: tf.reshape(x, [12, 2]), gamma, beta, mean, variance, epsilon })
  const expected = tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon))), gamma), beta)
  expect(worst(flat.dataSync(), expected.dataSync())).toBeLessThan(1e-5)
})

test('it leaves no tensor behind, with and without gradients', () => {
  const { x, gamma, beta } = sample()
  const before = tf.memory().numTensors
  tf.tidy(() => void fusedBatchNorm(tf, { x, gamma, beta, epsilon }))
  tf.tidy(() => void tf.grad((t: Tensor) => loss(fusedBatchNorm(tf, { x: t, gamma, beta, epsilon }).y))(x))
  expect(tf.memory().numTensors).toBe(before)
})
