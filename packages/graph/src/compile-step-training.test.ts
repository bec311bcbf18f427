// Whole training steps, written as an engine would: compiled must equal eager, run after run, for each kind of update.
import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { compileStep } from './compile-step.ts'
import { fusedBatchNorm } from './fused-batch-norm.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'
import { statelessUniform } from './stateless-random.ts'
import type { Scalar, Tensor, Tensor4D, Variable } from './tf.ts'

afterEach(() => tf.disposeVariables())

type Inputs = Record<string, Tensor>
interface Net {
  readonly weights: Variable[]
  readonly state: Variable[]
  logits(x: Tensor, step: Scalar): Tensor
}

const trainable = (shape: number[], seed: number, scale = 0.3) =>
  tf.variable(tf.mul(randomTensor(tf, shape, seed), scale))
const slot = (like: Tensor) => tf.variable(tf.zerosLike(like), false)

function dropout(x: Tensor, step: Scalar): Tensor {
  const kept = tf.greater(statelessUniform(tf, { shape: x.shape, seed: 7, site: 'dropout', step }), 0.25)
  return tf.div(tf.mul(x, tf.cast(kept, 'float32')), 0.75)
}

/** conv → batch norm with moving statistics → ReLU → pool → dropout → dense. */
function convNet(seed: number): Net {
  const [kernel, dense, bias] = [trainable([3, 3, 2, 4], seed), trainable([64, 3], seed + 1), trainable([3], seed + 2)]
  const [gamma, beta] = [tf.variable(tf.ones([4])), tf.variable(tf.zeros([4]))]
  const [mean, variance] = [tf.variable(tf.zeros([4]), false), tf.variable(tf.ones([4]), false)]
  const moving = (average: Variable, now: Tensor) => average.assign(tf.add(tf.mul(average, 0.9), tf.mul(now, 0.1)))
  return {
    weights: [kernel, gamma, beta, dense, bias],
    state: [mean, variance],
    logits(x, step) {
      const normal = fusedBatchNorm(tf, {
        x: tf.conv2d(x as Tensor4D, kernel as never, 1, 'same'),
        gamma,
        beta,
        epsilon: 1e-3,
      })
      moving(mean, normal.mean)
      moving(variance, normal.variance)
      const pooled = tf.maxPool(tf.relu(normal.y) as Tensor4D, 2, 2, 'valid')
      return tf.add(tf.matMul(dropout(tf.reshape(pooled, [-1, 64]), step), dense as never), bias)
    },
  }
}

type Update = (weight: Variable, gradient: Tensor, step: Scalar) => void

function sgd(): Update {
  return (weight, gradient) => weight.assign(tf.sub(weight, tf.mul(gradient, 0.1)))
}

function momentum(net: Net): Update {
  const slots = new Map(net.weights.map((weight) => [weight, slot(weight)]))
  net.state.push(...slots.values())
  return (weight, gradient) => {
    const velocity = slots.get(weight) as Variable
    velocity.assign(tf.add(tf.mul(velocity, 0.9), gradient))
    weight.assign(tf.sub(weight, tf.mul(tf.add(gradient, tf.mul(velocity, 0.9)), 0.05)))
  }
}

function adam(net: Net): Update {
  const slots = new Map(net.weights.map((weight) => [weight, [slot(weight), slot(weight)] as const]))
  net.state.push(...[...slots.values()].flat())
  return (weight, gradient, step) => {
    const [first, second] = slots.get(weight) as readonly [Variable, Variable]
    const time = tf.add(tf.cast(step, 'float32'), 1)
    first.assign(tf.add(tf.mul(first, 0.9), tf.mul(gradient, 0.1)))
    second.assign(tf.add(tf.mul(second, 0.99), tf.mul(tf.square(gradient), 0.01)))
    const corrected = tf.div(first, tf.sub(1, tf.pow(0.9, time)))
    const spread = tf.sqrt(tf.div(second, tf.sub(1, tf.pow(0.99, time))))
    weight.assign(tf.sub(weight, tf.mul(tf.div(corrected, tf.add(spread, 1e-3)), 0.01)))
  }
}

function trainStep(net: Net, update: Update) {
  return ({ x, y, step }: Inputs) => {
    const loss = () => tf.mean(softmaxCrossEntropy(tf, net.logits(x as Tensor, step as Scalar), y as Tensor)) as Scalar
    const { value, grads } = tf.variableGrads(loss, net.weights)
    for (const weight of net.weights) update(weight, grads[weight.name] as Tensor, step as Scalar)
    return { loss: value }
  }
}

function batch(i: number): Inputs {
  const y = tf.tensor1d(
    Int32Array.from({ length: 6 }, (_, k) => (i + k) % 3),
    'int32',
  )
  return { x: randomTensor(tf, [6, 8, 8, 2], 100 + i), y, step: tf.scalar(i, 'int32') }
}

const everything = (net: Net) => [...net.weights, ...net.state].flatMap((variable) => [...variable.dataSync()])
const number = (tensor: Tensor | undefined) => tensor?.dataSync()[0] as number

function runEager(make: (net: Net) => Update) {
  const net = convNet(1)
  const train = trainStep(net, make(net))
  const losses = Array.from({ length: 20 }, (_, i) => tf.tidy(() => number(train(batch(i)).loss)))
  return { losses, values: everything(net) }
}

function runCompiled(make: (net: Net) => Update) {
  const net = convNet(1)
  const update = make(net)
  const variables = [...net.weights, ...net.state]
  const compiled = compileStep({ tf, name: 'parity', step: trainStep(net, update), inputs: batch(0), variables })
  const losses = Array.from({ length: 20 }, (_, i) => tf.tidy(() => number(compiled.run(batch(i))['loss'])))
  compiled.pull()
  compiled.dispose()
  return { losses, values: everything(net) }
}

const optimisers: [string, (net: Net) => Update, number][] = [
  ['SGD', sgd, 1e-5],
  ['Nesterov momentum', momentum, 1e-5],
  ['Adam', adam, 1e-4],
]

test.each(optimisers)(
  '%s on conv, batch norm, dropout and dense: compiled equals eager after 20 steps',
  (_, make, tolerance) => {
    const eager = runEager(make)
    const compiled = runCompiled(make)
    expect(new Set(eager.losses).size).toBe(20)
    expect(eager.losses.at(-1)).toBeLessThan(eager.losses[0] as number)
    expect(worst(compiled.losses, eager.losses)).toBeLessThan(tolerance)
    expect(worst(compiled.values, eager.values)).toBeLessThan(tolerance)
  },
)

test('compiled runs of the same step are bit for bit the same', () => {
  const [first, second] = [runCompiled(momentum), runCompiled(momentum)]
  expect(second).toEqual(first)
})

/** A generator-like and a discriminator-like player: the second sees the first as just updated. */
function alternating() {
  const [a, b] = [trainable([4, 4], 1), trainable([4, 1], 2)]
  const step = ({ x }: Inputs) => {
    const score = () => tf.mean(tf.matMul(tf.tanh(tf.matMul(x as never, a as never)) as never, b as never)) as Scalar
    const first = tf.variableGrads(() => tf.square(score()) as Scalar, [a])
    a.assign(tf.sub(a, tf.mul(first.grads[a.name] as Tensor, 0.5)))
    const second = tf.variableGrads(() => tf.square(tf.sub(score(), 1)) as Scalar, [b])
    b.assign(tf.sub(b, tf.mul(second.grads[b.name] as Tensor, 0.5)))
    return { first: first.value, second: second.value }
  }
  return { a, b, step }
}

test('two networks that take turns within one step are compiled in that order', () => {
  const eager = alternating()
  const traced = alternating()
  const x = randomTensor(tf, [5, 4], 3)
  const compiled = compileStep({ tf, name: 'turns', step: traced.step, inputs: { x }, variables: [traced.a, traced.b] })
  for (let i = 0; i < 20; i++) {
    const [expected, received] = [tf.tidy(() => eager.step({ x })), compiled.run({ x })]
    for (const key of ['first', 'second'] as const) expect(number(received[key])).toBeCloseTo(number(expected[key]), 5)
  }
  compiled.pull()
  compiled.dispose()
  expect(worst(traced.a.dataSync(), eager.a.dataSync())).toBeLessThan(1e-5)
  expect(worst(traced.b.dataSync(), eager.b.dataSync())).toBeLessThan(1e-5)
})
