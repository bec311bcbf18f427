// What stages may ask for beyond a loss: host code before the first step, schedules and streams of their own, copies on the
// way, plans that depend on what was learnt – and that none of it shows in a run that was stopped and taken up again.
import { describe, expect, it } from 'vitest'
import type { GradientUpdate, Plan, Stage } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { HostBatches } from '../data/batch-source.ts'
import { createRegistry } from '../job/create-registry.ts'
import { blobs } from '../testing/blobs.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyMlp } from '../testing/tiny-architectures.ts'
import { type Fixture, type TrainOnce, trainOnce, trainSpec } from '../testing/training-fixture.ts'

const data = blobs()
const architecture = tinyMlp(data.signature)

function supervised(network: Network, change: Partial<Stage> = {}): Stage {
  const update: GradientUpdate = {
    kind: 'gradient',
    name: network.role,
    trains: [network.role],
    loss: ({ ops, batch, train }) => ({ ce: ops.crossEntropy(train(network).logits, batch.labels) }),
  }
  const players = [{ role: network.role, variables: network.trainable }]
  return { name: network.role, share: 1, players, updates: [update], ...change }
}

const bytes = (network: Network) => network.variables.map((variable) => String(variable.dataSync())).join()

/** Stops after every batch number in turn, resumes, and wants the undisturbed run's end. */
async function expectResumable(options: Omit<TrainOnce, 'data'>, steps: number): Promise<void> {
  const whole = await trainOnce({ ...options, data })
  for (let stopAt = 1; stopAt < steps; stopAt += 2) {
    const stop = new AbortController()
    let batches = 0
    const onBatch = () => {
      batches += 1
      if (batches === stopAt) stop.abort()
    }
    const first = await trainOnce({ ...options, data, onBatch, signal: stop.signal })
    const second = await trainOnce({ ...options, data, resume: first.checkpoints.at(-1) ?? null })
    expect(second.weights, `stopped at ${stopAt}`).toEqual(whole.weights)
    expect([...first.series, ...second.series], `stopped at ${stopAt}`).toEqual(whole.series)
  }
}

/** Trains a network, then one whose width the first one's bias decides, which begins with the first one's last layer. */
function searching(): Fixture {
  const registry = createRegistry({ tf, seed: 4 })
  const wide = registry.build('wide', architecture)
  const find = (decision: unknown): Plan => {
    const small = registry.build('small', tinyMlp(data.signature, { hidden: (decision as { hidden: number }).hidden }))
    const [last, first] = [small.variables.at(-1), wide.variables.at(-1)]
    const begin = () => {
      const copy = first?.clone()
      if (copy !== undefined) last?.assign(copy)
      copy?.dispose()
    }
    return { deploy: small, stages: [supervised(small, { share: 0.5, begin })] }
  }
  const plan: Plan = {
    deploy: wide,
    stages: [supervised(wide, { share: 0.5 })],
    next: {
      decide: async ({ read, logits }) => {
        const values = read(wide.variables[1] as never)
        const { logits: answers, labels } = await logits(wide, 'train')
        expect(answers).toHaveLength(labels.length * data.signature.classes)
        return { hidden: 2 + values.filter((value) => value > 0).length }
      },
      plan: find,
    },
  }
  return { plan, registry }
}

describe('a plan that follows another', () => {
  it.each([true, false])(
    'is what was decided on, in every run that is taken up again (compile: %s)',
    async (compile) => {
      const spec = trainSpec({ steps: 10, compile, optimizer: { name: 'adam', learningRate: 0.02 } })
      const { state, weights } = await trainOnce({ make: searching, data, spec })
      const [decision] = state?.decisions ?? []
      const hidden = (decision as { hidden: number }).hidden
      expect(Buffer.from(weights['small/fc1/bias'] ?? '', 'hex')).toHaveLength(4 * hidden)
      await expectResumable({ make: searching, spec }, 10)
    },
  )

  it('goes on from what that one ended with, not from its average or its best weights', async () => {
    const weightsWith = async (change: object) => {
      let evaluations = 0
      const evaluate = () => {
        evaluations += 1
        return { accuracy: 1 / evaluations }
      }
      const { weights } = await trainOnce({
        make: searching,
        data,
        spec: trainSpec({ epochs: 4, ...change }),
        evaluate,
      })
      return weights
    }
    const [plain, kept] = [
      await weightsWith({}),
      await weightsWith({ keep: 'best', ema: { decay: 0.9, warmup: false } }),
    ]
    expect(kept['wide/logits/kernel']).toBe(plain['wide/logits/kernel'])
    // of the last plan they are what the training ends with
    expect(kept['small/logits/kernel']).not.toBe(plain['small/logits/kernel'])
  })
})

describe('a stage', () => {
  it('with a schedule of its own counts its own epochs', async () => {
    const make = () => {
      const registry = createRegistry({ tf, seed: 4 })
      const network = registry.build('student', architecture)
      const cosine = { name: 'cosine' } as const
      const stages = [
        supervised(network, { name: 'a', share: 0.5, schedule: cosine }),
        supervised(network, { name: 'b', share: 0.5, schedule: cosine }),
      ]
      return { plan: { deploy: network, stages }, registry }
    }
    const { series } = await trainOnce({ make, data, spec: trainSpec({ steps: 20 }) })
    const rates = series.flatMap((point) => (point.includes('learningRate') ? [Number(point.split(' ').at(-1))] : []))
    expect(rates.slice(10)).toEqual(rates.slice(0, 10))
    expect(rates[9]).toBeLessThan(rates[0] as number)
  })

  it('draws from further data sets, halves of the samples and several views, as its streams say', async () => {
    const other = blobs({ train: 40, spread: 2 })
    const seen: HostBatches[] = []
    const make = () => {
      const registry = createRegistry({ tf, seed: 4 })
      const network = registry.build('student', architecture)
      const stage = supervised(network, {
        batch: { part: { index: 0, of: 2 }, views: 2 },
        streams: { held: { part: { index: 1, of: 2 } }, drawn: { source: 'other', draw: 'sameClass' } },
      })
      const loss: GradientUpdate['loss'] = ({ ops, batch, stream, train }) => ({
        first: ops.crossEntropy(train(network).logits, batch.labels),
        second: ops.crossEntropy(train(network, batch.views[1]).logits, batch.labels),
        held: ops.crossEntropy(train(network, stream('held').x).logits, stream('held').y),
        drawn: ops.crossEntropy(train(network, stream('drawn').x).logits, batch.y),
      })
      const updates = [{ ...(stage.updates[0] as GradientUpdate), loss }]
      return { plan: { deploy: network, stages: [{ ...stage, updates }] }, registry }
    }
    const view = (set: typeof other) => ({
      split: set.splits.train,
      indices: Int32Array.from({ length: set.splits.train.size }, (_, i) => i),
      labels: set.splits.train.labels,
      normalise: null,
    })
    const sources = { other: { view: view(other), signature: other.signature } }
    const spec = trainSpec({ steps: 6, augment: { noise: 0.1 } })
    const onBatch = ({ main, streams }: HostBatches) => {
      const copy = (batch = main) => ({ ...batch, index: batch.index.slice(), y: batch.y.slice() })
      seen.push({ main: copy(), streams: { held: copy(streams['held']), drawn: copy(streams['drawn']) } })
    }
    const { series } = await trainOnce({ make, data, spec, sources, onBatch })
    expect(series.filter((point) => point.includes('loss.'))).toHaveLength(6 * 4)
    const own = new Set(seen.flatMap(({ main }) => [...main.index]))
    const held = seen.flatMap(({ streams }) => [...(streams['held']?.index ?? [])])
    expect(held.some((index) => own.has(index))).toBe(false)
    for (const { main, streams } of seen) expect([...(streams['drawn']?.y ?? [])]).toEqual([...main.y])
    await expectResumable({ make, spec, sources }, 6)
  })

  it('tells which streams there are when a loss asks for another', async () => {
    const make = () => {
      const registry = createRegistry({ tf, seed: 4 })
      const network = registry.build('student', architecture)
      const stage = supervised(network)
      const loss: GradientUpdate['loss'] = ({ stream }) => ({ ce: stream('none').x as never })
      const updates = [{ ...(stage.updates[0] as GradientUpdate), loss }]
      return { plan: { deploy: network, stages: [{ ...stage, updates }] }, registry }
    }
    await expect(trainOnce({ make, data, spec: trainSpec({ steps: 2 }) })).rejects.toThrow(/no stream "none".*none/)
  })

  it('of which only an early layer is asked computes nothing behind it, nor moves its statistics', async () => {
    const make = () => {
      const registry = createRegistry({ tf, seed: 4 })
      const network = registry.build('student', architecture)
      const stage = supervised(network)
      const loss: GradientUpdate['loss'] = ({ train }) => ({
        hint: tf.mean(tf.square(train(network).tap('fc1'))) as never,
      })
      const players = [{ role: 'student', variables: network.trainable.slice(0, 2) }]
      return {
        plan: {
          deploy: network,
          stages: [{ ...stage, players, updates: [{ ...(stage.updates[0] as GradientUpdate), loss }] }],
        },
        registry,
      }
    }
    const { weights } = await trainOnce({ make, data, spec: trainSpec({ steps: 3 }) })
    const untouched = await trainOnce({ make, data, spec: trainSpec({ steps: 1 }) })
    expect(weights['student/logits/kernel']).toBe(untouched.weights['student/logits/kernel'])
    expect(weights['student/fc1/kernel']).not.toBe(untouched.weights['student/fc1/kernel'])
  })

  it('hands out copies on its way at whole multiples of steps, the weights up to date', async () => {
    const taken: [number, string][] = []
    let network: Network | undefined
    const make = () => {
      const registry = createRegistry({ tf, seed: 4 })
      network = registry.build('student', architecture)
      return { plan: { deploy: network, stages: [supervised(network)] }, registry }
    }
    const take = (step: number) => void taken.push([step, bytes(network as Network)])
    const snapshots = { everySteps: 3, take }
    await trainOnce({ make, data, spec: trainSpec({ steps: 7 }), snapshots, everyEpochs: 0 })
    expect(taken.map(([step]) => step)).toEqual([3, 6])
    const [three] = taken
    const short = await trainOnce({ make, data, spec: trainSpec({ steps: 3 }) })
    expect(
      String(new Float32Array(new Uint8Array(Buffer.from(short.weights['student/logits/bias'] ?? '', 'hex')).buffer)),
    ).toBe(three?.[1].split(',').slice(-3).join())
  })
})
