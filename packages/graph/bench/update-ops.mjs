// What TensorFlow's own update ops are worth: a compiled step of a 784-1200-1200-10 perceptron on 64 samples, with its
// optimiser as one op per weight tensor, against the same arithmetic out of tfjs ops. Needs `npm run build`.
// Usage: node packages/graph/bench/update-ops.mjs
import { createRequire } from 'node:module'
import { adamUpdate, compileStep, momentumUpdate, softmaxCrossEntropy } from '@stillhouse/graph'
import { paired } from './paired.mjs'

process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu')

const SIZES = [784, 1200, 1200, 10]
const BATCH = 64
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8]

const momentum = {
  slots: 1,
  fused: ({ weight, slots: [velocity], gradient, rate }) => {
    const moved = momentumUpdate(tf, { weight, velocity, gradient, rate, momentum: 0.9, nesterov: false })
    return [moved.weight, moved.velocity]
  },
  composed: ({ weight, slots: [velocity], gradient, rate }) => {
    const moved = tf.add(tf.mul(velocity, 0.9), gradient)
    return [tf.sub(weight, tf.mul(moved, rate)), moved]
  },
}

const adam = {
  slots: 2,
  fused: ({ weight, slots: [moment1, moment2], gradient, rate, power1, power2 }) => {
    const state = { moment1, moment2, power1, power2, beta1: BETA1, beta2: BETA2, epsilon: EPSILON }
    const moved = adamUpdate(tf, { weight, gradient, rate, ...state })
    return [moved.weight, moved.moment1, moved.moment2]
  },
  composed: ({ weight, slots, gradient, rate, power1, power2 }) => {
    const first = tf.add(tf.mul(slots[0], BETA1), tf.mul(gradient, 1 - BETA1))
    const second = tf.add(tf.mul(slots[1], BETA2), tf.mul(tf.square(gradient), 1 - BETA2))
    const deviation = tf.add(tf.sqrt(tf.div(second, tf.sub(1, power2))), EPSILON)
    return [tf.sub(weight, tf.div(tf.mul(first, tf.div(rate, tf.sub(1, power1))), deviation)), first, second]
  },
}

function network(x, weights) {
  const hidden = tf.relu(tf.matMul(tf.relu(tf.matMul(x, weights[0])), weights[1]))
  return tf.matMul(hidden, weights[2])
}

function compiled(update, slotsPerWeight) {
  const weights = SIZES.slice(1).map((units, i) => tf.variable(tf.randomNormal([SIZES[i], units], 0, 0.05)))
  const slots = weights.map((weight) =>
    Array.from({ length: slotsPerWeight }, () => tf.variable(tf.zerosLike(weight), false)),
  )
  const step = ({ x, y, rate, power1, power2 }) => {
    const loss = () => tf.mean(softmaxCrossEntropy(tf, network(x, weights), y))
    const { value, grads } = tf.variableGrads(loss, weights)
    weights.forEach((weight, i) => {
      const moved = update({ weight, slots: slots[i], gradient: grads[weight.name], rate, power1, power2 })
      for (const [place, variable] of [weight, ...slots[i]].entries()) variable.assign(moved[place])
    })
    return { loss: value }
  }
  const inputs = {
    x: tf.randomNormal([BATCH, SIZES[0]]),
    y: tf.tensor1d(
      Int32Array.from({ length: BATCH }, (_, i) => i % 10),
      'int32',
    ),
    rate: tf.scalar(1e-4),
    power1: tf.scalar(BETA1),
    power2: tf.scalar(BETA2),
  }
  const graph = compileStep({ tf, name: 'bench', step, inputs, variables: [...weights, ...slots.flat()] })
  return () => tf.tidy(() => void graph.run(inputs).loss.dataSync())
}

for (const [name, { slots, composed, fused }] of Object.entries({ momentum, adam })) {
  const { first, second, ratio } = paired(compiled(composed, slots), compiled(fused, slots))
  process.stdout.write(
    `${name}: ${first.toFixed(1)} ms of tfjs ops, ${second.toFixed(1)} ms as one op, ${ratio.toFixed(2)} times as fast\n`,
  )
}
