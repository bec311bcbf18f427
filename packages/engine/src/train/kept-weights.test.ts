// Moving averages and best weights: what a training ends with besides what it trained.
import { describe, expect, it } from 'vitest'
import { buildNetwork } from '../network/build-network.ts'
import { blobs } from '../testing/blobs.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyMlp } from '../testing/tiny-architectures.ts'
import { trainOnce, trainSpec } from '../testing/training-fixture.ts'
import { keepWeights } from './kept-weights.ts'
import { supervisedPlan } from './supervised-plan.ts'
import type { TrainEvent } from './train-events.ts'

const data = blobs()
const make = () => {
  const network = buildNetwork({ tf, role: 'student', architecture: tinyMlp(data.signature), seed: 1 })
  return { plan: supervisedPlan(network), networks: [network] }
}
const evals = (events: readonly TrainEvent[]) => events.flatMap((event) => (event.type === 'eval' ? [event] : []))

describe('the moving average of the weights', () => {
  it('with warm-up is the mean of all steps, until the decay caps it', () => {
    const network = buildNetwork({ tf, role: 'student', architecture: tinyMlp(data.signature), seed: 1 })
    const kept = keepWeights({ tf, network, train: { ema: { decay: 0.999, warmup: true }, keep: 'last' } })
    const [weight] = network.variables
    for (let step = 1; step <= 10; step++)
      tf.tidy(() => {
        weight?.assign(tf.fill(weight.shape, step))
        kept.average?.run({} as never)
      })
    kept.finish()
    expect(weight?.dataSync()[0]).toBeCloseTo(5.5, 5)
    kept.dispose()
    network.model.dispose()
  })

  it('exchanged twice with the weights leaves both as they were', () => {
    const network = buildNetwork({ tf, role: 'student', architecture: tinyMlp(data.signature), seed: 1 })
    const kept = keepWeights({ tf, network, train: { ema: { decay: 0.5, warmup: false }, keep: 'last' } })
    const [weight] = network.variables
    const tensors = tf.memory().numTensors
    const first = weight?.dataSync()[0] as number
    tf.tidy(() => {
      weight?.assign(tf.add(weight, 1))
      kept.average?.run({} as never)
    })
    kept.swap()
    expect(weight?.dataSync()[0]).toBeCloseTo(first + 0.5, 5)
    kept.swap()
    expect(weight?.dataSync()[0]).toBeCloseTo(first + 1, 5)
    expect(tf.memory().numTensors).toBe(tensors)
    kept.dispose()
    network.model.dispose()
  })

  it.each([true, false])('is what is evaluated and what the training ends with (compile: %s)', async (compile) => {
    const spec = trainSpec({ epochs: 3, compile })
    const plain = await trainOnce({ make, data, spec })
    const averaged = await trainOnce({ make, data, spec: { ...spec, ema: { decay: 0.9, warmup: true } } })
    expect(averaged.weights).not.toEqual(plain.weights)
    // training itself goes the same way: only what is measured and kept differs
    const losses = (series: string[]) => series.filter((point) => point.includes(' loss'))
    expect(losses(averaged.series).map((point) => point.slice(point.indexOf(' ')))).toEqual(
      losses(plain.series).map((point) => point.slice(point.indexOf(' '))),
    )
    expect(evals(averaged.events)[0]?.metrics['nll']).not.toBe(evals(plain.events)[0]?.metrics['nll'])
  })
})

describe('the best weights', () => {
  /** Far too large a rate after the first epoch: every later evaluation is worse. */
  const spoilt = trainSpec({
    epochs: 4,
    optimizer: { name: 'sgd', learningRate: 0.05 },
    schedule: { name: 'ramp', rampEpochs: 4 },
  })

  it('are those of the best evaluation, also after a resume', async () => {
    const scores = [0.5, 0.9, 0.7, 0.6]
    const evaluated: string[] = []
    const evaluate = (network: { variables: readonly { dataSync(): ArrayLike<number> }[] }) => {
      evaluated.push(String(Array.from(network.variables[0]?.dataSync() ?? [])))
      return { accuracy: scores[evaluated.length - 1] as number }
    }
    const whole = await trainOnce({ make, data, spec: { ...spoilt, keep: 'best' }, evaluate })
    const best = evaluated[1]
    expect(whole.state?.best?.metrics).toEqual({ accuracy: 0.9 })
    const ended = Buffer.from(whole.weights['student/fc1/kernel'] ?? '', 'hex')
    const values = new Float32Array(new Uint8Array(ended).buffer)
    expect(String(Array.from(values))).toBe(best)
  })
})

describe('early stopping', () => {
  it('ends a stage after as many evaluations without a better one as it has patience for', async () => {
    const scores = [0.5, 0.6, 0.6, 0.59, 0.9]
    let calls = 0
    const evaluate = () => ({ accuracy: scores[calls++] ?? 1 })
    const spec = { ...trainSpec({ epochs: 5 }), earlyStopping: { patience: 2, minDelta: 0 } }
    const { events, state } = await trainOnce({ make, data, spec, evaluate })
    expect(evals(events).map(({ metrics }) => metrics['accuracy'])).toEqual([0.5, 0.6, 0.6, 0.59])
    expect(state?.stage).toBe(1)
  })
})
