// Whether a compiled step leaks: 10,000 runs of a small convolutional step with momentum, printing tensors and resident
// memory. Exits with 1 when either grows after the warm-up. Needs `npm run build`. Usage: node packages/graph/bench/memory.mjs [steps]
import { createRequire } from 'node:module'
import { compileStep, momentumUpdate, softmaxCrossEntropy } from '@stillhouse/graph'

process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu')

const STEPS = Number(process.argv[2] ?? 10_000)
const POINTS = 10
const BATCH = 16
/** Growth of resident memory that is still noise of the allocators, in MB. */
const NOISE_MB = 8

const weights = [tf.variable(tf.randomNormal([3, 3, 1, 8], 0, 0.2)), tf.variable(tf.randomNormal([1568, 10], 0, 0.05))]
const velocities = weights.map((weight) => tf.variable(tf.zerosLike(weight), false))

function step({ x, y, rate }) {
  const logits = () =>
    tf.matMul(tf.maxPool(tf.relu(tf.conv2d(x, weights[0], 1, 'same')), 2, 2, 'same').reshape([BATCH, -1]), weights[1])
  const { value, grads } = tf.variableGrads(() => tf.mean(softmaxCrossEntropy(tf, logits(), y)), weights)
  weights.forEach((weight, i) => {
    const velocity = velocities[i]
    const moved = momentumUpdate(tf, {
      weight,
      velocity,
      gradient: grads[weight.name],
      rate,
      momentum: 0.9,
      nesterov: false,
    })
    weight.assign(moved.weight)
    velocity.assign(moved.velocity)
  })
  return { loss: value }
}

function batch(i) {
  const x = Float32Array.from({ length: BATCH * 28 * 28 }, (_, k) => Math.sin(i + 0.37 * k))
  const y = Int32Array.from({ length: BATCH }, (_, k) => (i + k) % 10)
  return { x: tf.tensor4d(x, [BATCH, 28, 28, 1]), y: tf.tensor1d(y, 'int32'), rate: tf.scalar(0.001) }
}

const example = batch(0)
const compiled = compileStep({ tf, name: 'memory', step, inputs: example, variables: [...weights, ...velocities] })
tf.dispose(example)

const binding = tf.backend().binding
function state(done) {
  global.gc?.()
  const point = {
    done,
    tensors: tf.memory().numTensors,
    native: binding.getNumOfTensors(),
    rss: process.memoryUsage().rss / 2 ** 20,
  }
  process.stdout.write(
    `${String(done).padStart(7)} steps  ${point.tensors} tensors  ${point.native} native  ${point.rss.toFixed(1)} MB resident\n`,
  )
  return point
}

const points = []
for (let i = 1; i <= STEPS; i++) {
  tf.tidy(() => void compiled.run(batch(i)).loss.dataSync())
  if (i % 1000 === 0) compiled.pull()
  if (i % Math.ceil(STEPS / POINTS) === 0) points.push(state(i))
}
const [warm, last] = [points[Math.floor(POINTS / 2) - 1], points.at(-1)]
const grew = last.tensors > warm.tensors || last.native > warm.native || last.rss - warm.rss > NOISE_MB
process.stdout.write(grew ? 'It grows.\n' : 'It does not grow.\n')
process.exitCode = grew ? 1 : 0
