import { describe, expect, it } from 'vitest'
import type { GradientUpdate, Stage } from '../contracts/method.ts'
import type { HostBatches } from '../data/batch-source.ts'
import { buildNetwork } from '../network/build-network.ts'
import { blobs } from '../testing/blobs.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyCnn, tinyMlp } from '../testing/tiny-architectures.ts'
import { type Fixture, type Outcome, trainOnce, trainSpec } from '../testing/training-fixture.ts'
import { supervisedPlan } from './supervised-plan.ts'
import type { TrainEvent } from './train-events.ts'

const data = blobs()
const supervised =
  (architecture = tinyMlp(data.signature)) =>
  () => {
    const network = buildNetwork({ tf, role: 'student', architecture, seed: 1 })
    return { plan: supervisedPlan(network), networks: [network] }
  }
const losses = ({ series }: Outcome, part = 'ce') =>
  series.filter((point) => point.includes(` loss.${part} `)).map((point) => Number(point.split(' ').at(-1)))
const ofType = <T extends TrainEvent['type']>(events: TrainEvent[], type: T) =>
  events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type)

describe('train', () => {
  it.each([true, false])('learns: the loss falls and the accuracy rises (compile: %s)', async (compile) => {
    const outcome = await trainOnce({ make: supervised(), data, spec: trainSpec({ epochs: 6, compile }) })
    const { events } = outcome
    const fall = losses(outcome)
    const evals = ofType(events, 'eval')
    expect(fall.at(-1)).toBeLessThan((fall[0] as number) / 2)
    expect(evals.length).toBe(6)
    expect(evals.at(-1)?.metrics['accuracy']).toBeGreaterThan(0.9)
    expect(ofType(events, 'stage')).toEqual([{ type: 'stage', stage: 'train', steps: 42, compiled: compile }])
  })

  it('compiled and eager agree after twenty steps', async () => {
    const spec = { steps: 20, optimizer: { name: 'adam', learningRate: 0.01 } as const }
    const run = (compile: boolean) =>
      trainOnce({
        make: supervised(tinyCnn(data.signature)),
        data,
        spec: trainSpec({ ...spec, compile }),
        everyEpochs: 0,
      })
    const values = (series: string[]) => series.map((point) => Number(point.split(' ').at(-1)))
    const [compiled, eager] = [await run(true), await run(false)]
    values(compiled.series).forEach((value, i) => {
      expect(value).toBeCloseTo(values(eager.series)[i] as number, 3)
    })
  })

  it('logs the mean of each part since the last point, for fixed steps whatever the density', async () => {
    const options = { make: supervised(), data, spec: trainSpec({ steps: 10 }), everyEpochs: 0 }
    const each = losses(await trainOnce(options))
    const coarse = losses(await trainOnce({ ...options, logPoints: 3 }))
    const mean = (from: number, to: number) => each.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from)
    expect(each.length).toBe(10)
    coarse.forEach((value, i) => {
      expect(value).toBeCloseTo([mean(0, 4), mean(4, 8), mean(8, 10)][i] as number, 6)
    })
    expect(coarse.length).toBe(3)
  })

  it('numbers the points from one without gaps and repeats them exactly', async () => {
    const options = { make: supervised(), data, spec: trainSpec() }
    const [first, second] = [await trainOnce(options), await trainOnce(options)]
    expect(first.series.map((point) => Number(point.split(' ')[0]))).toEqual(first.series.map((_, i) => i + 1))
    expect(second.series).toEqual(first.series)
    expect(second.weights).toEqual(first.weights)
  })

  it('goes on through the order of the data and the schedule from stage to stage', async () => {
    const seen: number[][] = []
    const make = (shares: number[]) => () => {
      const network = buildNetwork({ tf, role: 'student', architecture: tinyMlp(data.signature), seed: 1 })
      const [stage] = supervisedPlan(network).stages as [Stage]
      return {
        plan: { deploy: network, stages: shares.map((share, i) => ({ ...stage, name: `s${i}`, share })) },
        networks: [network],
      }
    }
    const spec = trainSpec({ epochs: 3, schedule: { name: 'step', milestones: [1, 2], factor: 0.5 } })
    const onBatch = ({ main }: HostBatches) => void seen.push([...main.index])
    const [one, two] = [
      await trainOnce({ make: make([1]), data, spec, onBatch }),
      await trainOnce({ make: make([1 / 3, 2 / 3]), data, spec, onBatch }),
    ]
    const rates = ({ series }: Outcome) =>
      series.filter((point) => point.includes('learningRate')).map((point) => Number(point.split(' ').at(-1)))
    expect(seen.slice(0, 21)).toEqual(seen.slice(21))
    expect(new Set(seen.slice(0, 7).flat()).size).toBe(7 * 16)
    expect(rates(two)).toEqual(rates(one))
    expect([rates(one)[6], rates(one)[7], rates(one)[20]]).toEqual([0.1, 0.05, 0.025])
    expect(two.weights).toEqual(one.weights)
    expect([one, two].map(({ events }) => ofType(events, 'eval').length)).toEqual([3, 3])
  })

  it.each([true, false])(
    'ends a run whose loss is not a number, naming stage, step and part (compile: %s)',
    async (compile) => {
      const spec = trainSpec({ steps: 30, compile, optimizer: { name: 'sgd', learningRate: 1e30 } })
      await expect(trainOnce({ make: supervised(), data, spec })).rejects.toMatchObject({
        code: 'training.diverged',
        message: expect.stringMatching(/part "ce" of stage "train" became (NaN|Infinity) at step \d+ \(epoch 0\.\d+\)/),
      })
    },
  )

  it('ends a run whose last step leaves weights that are not numbers, though its loss still was', async () => {
    const spec = trainSpec({ steps: 1, optimizer: { name: 'sgd', learningRate: 1e38 } })
    await expect(trainOnce({ make: supervised(), data, spec })).rejects.toMatchObject({
      code: 'training.diverged',
      message: expect.stringMatching(/evaluation "\w+" of stage "train" became (NaN|Infinity) at step 1/),
    })
  })

  it('only changes what its players own, and leaves frozen networks as they are', async () => {
    const weights: Record<string, string>[] = []
    const make = (): Fixture => {
      const network = (role: string, frozen = false) =>
        buildNetwork({ tf, role, architecture: tinyMlp(data.signature), seed: 1, frozen })
      const [student, bystander, teacher] = [network('student'), network('bystander'), network('teacher', true)]
      const [stage] = supervisedPlan(student).stages as [Stage]
      const update: GradientUpdate = {
        kind: 'gradient',
        name: 'u',
        trains: ['student'],
        loss: ({ train, infer, ops, teacher: outputs }) => {
          const { logits } = train(student)
          return {
            kd: ops.distillation(logits, outputs(0).tap('logits'), 2),
            other: ops.distillation(logits, infer(bystander).logits, 2),
          }
        },
      }
      weights.push(
        Object.fromEntries(
          [...bystander.variables, ...teacher.variables].map((v) => [v.name, [...v.dataSync()].join()]),
        ),
      )
      return {
        plan: { deploy: student, stages: [{ ...stage, updates: [update] }] },
        networks: [student, bystander, teacher],
        teachers: [teacher],
      }
    }
    const before = (make().networks ?? []).flatMap(({ variables }) =>
      variables.map((v) => Buffer.from(v.dataSync().buffer).toString('hex')),
    )
    const { weights: after } = await trainOnce({ make, data, spec: trainSpec({ steps: 5 }) })
    const changed = Object.values(after).map((value, i) => value !== before[i])
    expect(changed).toEqual([true, true, true, true, false, false, false, false, false, false, false, false])
  })

  it('feeds teachers that were asked before, with the loss that a live teacher gives', async () => {
    const run = (noise: number | null, compile = true) => {
      const make = (): Fixture => {
        const student = buildNetwork({ tf, role: 'student', architecture: tinyMlp(data.signature), seed: 1 })
        const teacher = buildNetwork({
          tf,
          role: 'teacher',
          architecture: tinyCnn(data.signature),
          seed: 2,
          frozen: true,
        })
        const [stage] = supervisedPlan(student).stages as [Stage]
        const update: GradientUpdate = {
          kind: 'gradient',
          name: 'u',
          trains: ['student'],
          loss: ({ train, ops, teacher: outputs }) => ({
            kd: ops.distillation(train(student).logits, outputs(0).logits, 2),
          }),
        }
        return {
          plan: { deploy: student, stages: [{ ...stage, updates: [update] }] },
          networks: [student],
          teachers: [teacher],
        }
      }
      return trainOnce({
        make,
        data,
        spec: trainSpec({ steps: 12, compile, ...(noise === null ? {} : { augment: { noise } }) }),
        everyEpochs: 0,
      })
    }
    const [cached, live, augmented] = [await run(null), await run(null, false), await run(1e-12)]
    expect(ofType(cached.events, 'busy').length).toBeGreaterThan(0)
    expect(ofType(augmented.events, 'busy').length).toBe(ofType(live.events, 'busy').length)
    const [a, b, c] = [losses(cached, 'kd'), losses(live, 'kd'), losses(augmented, 'kd')]
    a.forEach((value, i) => {
      expect(value).toBeCloseTo(b[i] as number, 4)
      expect(value).toBeCloseTo(c[i] as number, 4)
    })
  })
})
