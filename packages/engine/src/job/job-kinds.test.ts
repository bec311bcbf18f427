// Jobs of other shapes than one teacher and one student: sums of losses, peers, teachers trained along, routes, further
// data, kept weights. Each of them ends in the same bytes when it was interrupted.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobSpec } from '@stillhouse/spec'
import { afterAll, describe, expect, it } from 'vitest'
import { ofType, type Ran, resultOf, tinyJobRoot as root, runTinyJob as run } from '../testing/run-tiny-job.ts'
import { tinyJob } from '../testing/tiny-shelves.ts'

afterAll(() => rm(root, { recursive: true }))

const quiet = { evaluate: { latencyRuns: 0 } }
const train = {
  epochs: 3,
  batchSize: 20,
  optimizer: { learningRate: 0.03 },
  seed: 5,
  checkpointSeconds: 3600,
  compile: false,
}
const trained = { model: 'mlp', train: { ...train, epochs: 2 } }

const stagesOf = ({ points }: Ran) => [...new Set(points.map(({ stage }) => stage))]
const seriesOf = ({ points }: Ran, name: string) => points.filter((point) => point.name === name)

/** Model files only: what was exported also says how it came about. */
const weightsOf = ({ exported }: Ran) =>
  Object.fromEntries(Object.entries(exported).filter(([path]) => path.includes('weights')))

async function expectResumable(spec: JobSpec, stops: readonly number[]): Promise<Ran> {
  const whole = await run({ spec })
  for (const stopAtBatch of stops) {
    const first = await run({ spec, stopAtBatch })
    expect(first.events.at(-1), `stopped at ${stopAtBatch}`).toEqual({ type: 'stopped' })
    const second = await run({ spec, checkpoint: first.checkpoint })
    expect(weightsOf(second), `stopped at ${stopAtBatch}`).toEqual(weightsOf(whole))
    expect([...first.points, ...second.points], `stopped at ${stopAtBatch}`).toEqual(whole.points)
  }
  return whole
}

describe('a sum of losses', () => {
  const methods = [{ name: 'labels' }, { name: 'match', weight: 0.5, rampEpochs: 2 }]

  it('logs every part, trains what its terms bring along, and leaves that out of the model', async () => {
    const whole = await expectResumable(tinyJob({ ...quiet, train, teacher: trained, methods }), [16, 20])
    expect(stagesOf(whole)).toEqual(['teacher', 'distil'])
    const last = (name: string) => seriesOf(whole, name).at(-1)?.value as number
    expect(last('loss')).toBeCloseTo(last('loss.ce') + last('loss.match'), 5)
    expect(last('value.seen')).toBe(18)
    expect(last('learningRate.match/adapter')).toBe(0.03)
    expect(resultOf(whole)['params']).toBe(36 * 8 + 8 + 8 * 3 + 3)
  })

  it('weighs a term by a ramp over its epochs', async () => {
    const plain = { ...quiet, train: { ...train, epochs: 1 }, teacher: trained }
    const first = async (change: object) => {
      const ran = await run({
        spec: tinyJob({ ...plain, methods: [{ name: 'labels' }, { name: 'match', ...change }] }),
      })
      return seriesOf(ran, 'loss.match')[0]?.value as number
    }
    const [whole, half, ramped] = [await first({}), await first({ weight: 0.5 }), await first({ rampEpochs: 10 })]
    expect(half).toBeCloseTo(whole / 2, 6)
    expect(ramped).toBeCloseTo(whole * Math.exp(-5), 6)
  })

  it('goes through stages with layers, an optimiser and a schedule of their own, its adapters going on', async () => {
    const match = { name: 'match' }
    const stages = [
      { name: 'hint', share: 1 / 3, methods: [match], train: ['fc1'], optimizer: { name: 'sgd', learningRate: 0.1 } },
      { name: 'both', share: 2 / 3, methods: [{ name: 'labels' }, match], schedule: { name: 'cosine' } },
    ]
    const spec = tinyJob({ ...quiet, train, teacher: trained, stages })
    const whole = await expectResumable(spec, [15, 23])
    expect(stagesOf(whole)).toEqual(['teacher', 'hint', 'both'])
    const rates = seriesOf(whole, 'learningRate.student').map(({ value }) => value)
    expect(rates.slice(0, 6)).toEqual(Array(6).fill(0.1))
    expect(rates[6]).toBeCloseTo(0.03, 3)
    expect(rates.at(-1)).toBeLessThan(0.001)
    const counted = seriesOf(whole, 'value.seen').map(({ value }) => value)
    expect(counted.at(-1)).toBe(18)
  })
})

describe('a method without a trained teacher', () => {
  it('trains peers beside the student, and hands them out with it', async () => {
    const peers = [{ model: 'mlp' }, { model: 'cnn' }]
    const whole = await expectResumable(
      tinyJob({ ...quiet, train, teachers: [], peers, method: { name: 'side' } }),
      [7],
    )
    expect(resultOf(whole)).not.toHaveProperty('agreement')
    const report = ofType(whole.events, 'artifacts').find(({ kind }) => kind === 'report')
    expect(await readdir(report?.dir ?? '')).toContain('report.json')
    expect(Object.keys(whole.exported).some((path) => path.startsWith('peer-1/files/'))).toBe(true)
  })

  it('trains a teacher along, from further data, and measures it', async () => {
    const sources = { extra: { name: 'blobs', limit: 60 } }
    const teacher = { model: 'cnn', trainable: true }
    const spec = tinyJob({ ...quiet, train, teacher, sources, method: { name: 'together' } })
    const whole = await expectResumable(spec, [9])
    expect(resultOf(whole)).toHaveProperty('teacher.accuracy')
    expect(seriesOf(whole, 'loss.teacher.extra')).toHaveLength(18)
  })
})

describe('a plan that another follows', () => {
  it('hands out the network that was found, and counts its stage once it is there', async () => {
    const evaluate = { latencyRuns: 0, baseline: true }
    const spec = tinyJob({ evaluate, train, teacher: undefined, method: { name: 'find' } })
    // in the first stage, in the second, and in the control, when the training that was decided on is over
    const whole = await expectResumable(spec, [4, 12, 20])
    expect(stagesOf(whole)).toEqual(['student', 'found', 'baseline'])
    expect(resultOf(whole)['params']).toBeLessThan(36 * 8 + 8 + 8 * 3 + 3)
    const told = ofType(whole.events, 'progress').map(({ progress }) => progress)
    const lastOf = (stage: string) => told.filter((progress) => progress.stage === stage).at(-1)
    expect(lastOf('student')).toMatchObject({ stageIndex: 0, stageCount: 4 })
    expect(lastOf('found')).toMatchObject({ stageIndex: 1, stageCount: 5 })
    expect(lastOf('baseline')).toMatchObject({ stageIndex: 2, stageCount: 5 })
    expect(lastOf('export')).toMatchObject({ stageIndex: 4, stageCount: 5 })
    const stopped = await run({ spec, stopAtBatch: 20 })
    const again = ofType((await run({ spec, checkpoint: stopped.checkpoint })).events, 'progress')
    expect(again.at(-1)?.progress).toMatchObject({ stage: 'export', stageIndex: 4, stageCount: 5 })
  })
})

describe('a teacher on its way', () => {
  const teacher = { ...trained, train: { ...train, epochs: 4 }, snapshots: { everyEpochs: 1 } }
  const spec = tinyJob({ ...quiet, train: { ...train, epochs: 4 }, teacher, method: { name: 'route' } })

  it('is kept at whole epochs, through interruptions, and handed out with the teacher', async () => {
    const whole = await expectResumable(spec, [8, 30])
    expect(stagesOf(whole)).toEqual(['teacher', 'anchor-1', 'anchor-2', 'anchor-3', 'anchor-4'])
    const [kept] = ofType(whole.events, 'teacher')
    expect((await readdir(join(kept?.dir ?? '', 'snapshots'))).sort()).toEqual(['1', '2', '3'])
    const models = { [kept?.key ?? '']: { dir: kept?.dir ?? '', metrics: {} } }
    const reusing = await run({ spec, models })
    expect(stagesOf(reusing)).not.toContain('teacher')
    expect(weightsOf(reusing)).toEqual(weightsOf(whole))
  })
})

describe('what a training sees and keeps', () => {
  const job = (change: Record<string, unknown>) =>
    tinyJob({ ...quiet, teachers: [], method: { name: 'labels' }, ...change })

  it('the best weights are chosen by the hold-out, and are those that are measured and exported', async () => {
    const data = { name: 'blobs', validation: 0.25 }
    const spec = job({ data, train: { ...train, keep: 'best', optimizer: { learningRate: 0.3 } } })
    const whole = await expectResumable(spec, [3, 9])
    const [best, accuracies] = [
      Math.max(...seriesOf(whole, 'validation.accuracy').map(({ value }) => value)),
      ofType(whole.events, 'eval').map(({ metrics }) => metrics),
    ]
    const chosen = accuracies.find((metrics) => metrics['validation.accuracy'] === best)
    expect(resultOf(whole)['accuracy']).toBe(chosen?.['accuracy'])
  })

  it('averaged weights, gradients of several batches and groups of weights go through interruptions', async () => {
    const optimizer = { learningRate: 0.03, groups: [{ match: 'student/fc1/*', learningRate: 0.003 }] }
    const spec = job({ train: { ...train, accumulate: 2, ema: {}, optimizer } })
    await expectResumable(spec, [4, 11])
  })

  it("a teacher's own samples and labels are another teacher", async () => {
    const key = async (data: object | undefined) => {
      const ran = await run({ spec: tinyJob({ ...quiet, train, teacher: { ...trained, ...(data && { data }) } }) })
      return ofType(ran.events, 'teacher')[0]?.key
    }
    const keys = [await key(undefined), await key({ limit: 60 }), await key({ labelNoise: 0.3 })]
    expect(new Set(keys).size).toBe(3)
  })
})
