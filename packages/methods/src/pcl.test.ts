import type { GradientUpdate, Network, Scalar, StepContext, Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { meanDecay, movedMean, pcl, pclLoss } from './pcl.ts'
import { rampOver } from './shared/ramp-up.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyBranched } from './testing/tiny-branched.ts'
import { tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// three peers, two samples, three classes; the numbers expected of them come from checks/pcl.py
const PEERS = [
  [2, -1, 0.5, 0, 1, -2],
  [3, 0, -1, -1, 2.5, 0.5],
  [1, 1, 0, 0.5, -0.5, 2],
]
const MEANS = [
  [1, 0, 0.5, 0, 0.5, -1],
  [2, 0.5, -1, -0.5, 1.5, 1],
  [1.5, -1, 0, 1, -0.5, 1],
]
const ENSEMBLE = [0.5, -1.5, 1, 2, 0.25, -0.5]
const rows = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 3])

const PARAMS = { temperature: 3, weight: 1, decayMax: 0.999, deploy: 1 }
const student = tinyBranched()
const TRAINING = { tf, method: pcl, params: PARAMS, student, spec: { steps: 2 } } satisfies TrainMethod

const total = (parts: Readonly<Record<string, Tensor>>) => tf.addN(Object.values(parts)).asScalar()

function lossAt(logits: readonly Tensor[], ensemble: Tensor, means: readonly Tensor[] = MEANS.map(rows)) {
  const labels = tf.tensor1d([0, 2], 'int32')
  return pclLoss(ops, { logits, ensemble, means, labels, temperature: 3, weight: 0.4 })
}

describe('the loss of pcl', () => {
  it('has the value and the gradients of checks/pcl.py in a peer and in the ensemble', () => {
    const others = PEERS.slice(1).map(rows)
    const inFirst = valueAndGradient((z) => total(lossAt([z, ...others], rows(ENSEMBLE))), rows(PEERS[0]))
    expect(inFirst.value).toBeCloseTo(8.0251674, 5)
    expectNear(inFirst.gradient, [-0.0209995, -0.027204, 0.0482035, 0.0607846, 0.563432, -0.6242167])
    const inEnsemble = valueAndGradient((z) => total(lossAt(PEERS.map(rows), z)), rows(ENSEMBLE))
    expectNear(inEnsemble.gradient, [-0.3204059, 0.0243054, 0.2961005, 0.3981339, 0.0691853, -0.4673192])
  })

  it('never moves an average', () => {
    const inMean = (mean: Tensor) =>
      total(lossAt(PEERS.map(rows), rows(ENSEMBLE), [mean, ...MEANS.slice(1).map(rows)])).add(mean.sum().mul(0))
    const { gradient } = valueAndGradient((mean) => inMean(mean).asScalar(), rows(MEANS[0]))
    expect(gradient).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('teaches a peer by the averages of the others only', () => {
    const part = (means: readonly Tensor[]) =>
      lossAt(PEERS.map(rows), rows(ENSEMBLE), means)['branch1.means']?.dataSync()[0]
    const [first, second, third] = MEANS.map(rows) as [Tensor, Tensor, Tensor]
    expect(part([first.mul(9), second, third])).toBe(part([first, second, third]))
    expect(part([first, second.mul(9), third])).not.toBe(part([first, second, third]))
  })

  it('has nothing to teach to equal peers, with a dense layer that averages their blocks', () => {
    const feature = tf.tensor2d([0.5, -1, 2, 0.25], [2, 2])
    const kernel = tf.tensor2d([1, -1, 0.5, 2, 0, -0.5], [2, 3])
    const ensemble = tf.matMul(tf.concat([feature, feature, feature], 1), tf.tile(kernel.div(3), [3, 1]))
    const answer = tf.matMul(feature, kernel)
    const parts = lossAt([answer, answer, answer], ensemble, [answer, answer, answer])
    const distilled = Object.entries(parts).filter(([name]) => !name.endsWith('.ce'))
    expect(distilled).toHaveLength(6)
    for (const [, value] of distilled) expect(Math.abs(value.dataSync()[0] ?? 1)).toBeLessThan(1e-6)
  })

  it('rises with its ramp: a thousandth of seven at first, over a quarter half way, then whole', () => {
    const over = rampOver(undefined, { epochs: 300 })
    const weights = [0, 40, 80, 300].map((epoch) => ops.ramp(tf.scalar(epoch) as Scalar, over).dataSync()[0] ?? 0)
    expectNear(weights, [0.00674, 0.2865, 1, 1], 5)
    expect(rampOver(12, { epochs: 300 })).toBe(12)
  })
})

describe('the averages of pcl', () => {
  const average = (most: number) => {
    let mean: Tensor = tf.scalar(-7)
    for (let g = 1; g <= 10; g++)
      mean = movedMean(mean, tf.scalar(g), meanDecay(tf, tf.scalar(g - 1, 'int32') as Scalar, most))
    return mean.dataSync()[0]
  }

  it('are the plain mean of all weights so far, as long as the largest decay is far away', () => {
    expect(average(0.999)).toBeCloseTo(5.5, 5)
  })

  it('forget the oldest when it is reached, as checks/pcl.py works out', () => {
    expect(average(0.75)).toBeCloseTo(7.2669678, 5)
  })

  it('are the weights themselves after one step, batch statistics among them', async () => {
    const { values } = await trainMethod({ ...TRAINING, spec: { steps: 1 } })
    const end = values.at(-1) ?? {}
    const names = Object.keys(end).filter((name) => name.startsWith('mean/'))
    expect(names).toEqual(expect.arrayContaining(['mean/ensemble-logits/kernel', 'mean/branch2-norm/moving_mean']))
    const source = (name: string) => (name.includes('ensemble-') ? 'ensemble/' : 'student/')
    for (const name of names) expect([name, end[name]]).toEqual([name, end[name.replace('mean/', source(name))]])
  })

  it('begin where the student begins, so that they teach from the first step on', async () => {
    const still = { name: 'sgd', learningRate: 1e-30 } as const
    const params = { ...PARAMS, rampEpochs: 0 }
    // one step of no length: what the averages answer differs from the student by its moved statistics alone
    const { losses } = await trainMethod({ ...TRAINING, params, spec: { steps: 1, optimizer: still } })
    const begun = losses['branch1.means']?.[0] ?? Number.NaN
    const { losses: strangers } = await trainMethod({
      ...TRAINING,
      params,
      spec: { steps: 1, optimizer: still },
      change: (plan) => ({ ...plan, stages: plan.stages.map(({ begin: _begin, ...stage }) => stage) }),
    })
    expect(strangers['branch1.means']?.[0]).not.toBe(begun)
  })
})

describe('a training with pcl', () => {
  it('moves the statistics of every branch', async () => {
    const { values } = await trainMethod(TRAINING)
    const [start = {}, end = {}] = values
    const statistics = Object.keys(start).filter((name) => name.startsWith('student/') && name.includes('moving_'))
    expect(statistics).toHaveLength(8)
    expect(statistics.filter((name) => start[name] === end[name])).toEqual([])
  })

  it('shows each peer and its average a view of their own', async () => {
    const seen = new Map<string, number>()
    await trainMethod({
      ...TRAINING,
      spec: { steps: 1 },
      change: (plan) => ({
        ...plan,
        stages: plan.stages.map((stage) => ({
          ...stage,
          updates: stage.updates.map((update) => (update.kind === 'state' ? update : watched(update, seen))),
        })),
      }),
    })
    expect(Object.fromEntries(seen)).toEqual({
      ...{ 'student:branch1.logits': 0, 'student:branch2.logits': 1, 'student:branch3.logits': 2 },
      ...{ 'mean:branch1.logits': 0, 'mean:branch2.logits': 1, 'mean:branch3.logits': 2, ensemble: -1 },
    })
  })

  it('asks for a view per peer, and deploys an averaged peer or the averaged ensemble', async () => {
    const { plan } = await trainMethod(TRAINING)
    expect(plan.stages[0]?.batch).toEqual({ views: 3 })
    expect(plan.deploy.role).toBe('mean:branch1.logits')
    const whole = await trainMethod({ ...TRAINING, params: { ...PARAMS, deploy: 0 } })
    expect(whole.plan.deploy.role).toBe('mean:ensemble-logits')
    expect(whole.plan.also?.['meanPeer1']?.role).toBe('mean:branch1.logits')
    for (const { also = {}, deploy, stages } of [plan, whole.plan])
      expect(stages[0]?.evaluate).toEqual(expect.arrayContaining([deploy, ...Object.values(also)]))
  })
})

describe('the check of pcl', () => {
  const { signature } = tinyImages()
  const job = { signature, student, teachers: [], peers: [], batchSize: 8, sources: {} }

  it('refuses a branch that there is not, and features that cannot be joined', () => {
    expect(pcl.check?.(PARAMS, job)).toEqual([])
    expect(pcl.check?.({ ...PARAMS, deploy: 4 }, job)).toMatchObject([{ path: '/deploy', received: '4' }])
    const taps = { ...student.taps, 'branch2.penultimate': 'branch2-relu' }
    expect(pcl.check?.(PARAMS, { ...job, student: { ...student, taps } })).toMatchObject([
      { path: '', received: 'branch2.penultimate [2, 2, 4]' },
    ])
  })
})

/** Notes which view of the batch each network is given. */
function watched(update: GradientUpdate, seen: Map<string, number>): GradientUpdate {
  return {
    ...update,
    loss: (step) => {
      const noting =
        (pass: StepContext['train']) =>
        (network: Network, x: Tensor = step.batch.x) => {
          seen.set(network.role, step.batch.views.indexOf(x))
          return pass(network, x)
        }
      return update.loss({ ...step, train: noting(step.train), infer: noting(step.infer) })
    },
  }
}
