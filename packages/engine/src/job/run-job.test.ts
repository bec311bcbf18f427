// Whole jobs on small data: what they say, what they leave behind, and that no interruption shows in either.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JobSpec, type MetricPoint, type ModelReference, RESULT_METRIC_NAMES } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Exporter } from '../contracts/exporter.ts'
import { saveLayersModel } from '../network/layers-model-files.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { createProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import { listFiles } from './job-files.ts'
import { runJob } from './run-job.ts'
import type { FetchedModel } from './run-request.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'run-job-'))
})
afterAll(() => rm(root, { recursive: true }))

interface Attempt {
  readonly spec?: JobSpec
  readonly checkpoint?: string | null
  readonly models?: Record<string, FetchedModel>
  /** Stop after so many reads of training samples. */
  readonly stopAtRead?: number
  /** Stop listening, as when the process is killed, once this says so. */
  readonly killAt?: (event: JobEvent) => boolean
}

interface Ran {
  readonly events: JobEvent[]
  readonly points: MetricPoint[]
  readonly asked: ModelReference[]
  readonly checkpoint: string | null
  /** path → sha256 of the exported files. */
  readonly exported: Record<string, string>
}

let attempts = 0
async function run({
  spec = tinyJob(),
  checkpoint = null,
  models = {},
  stopAtRead,
  killAt,
}: Attempt = {}): Promise<Ran> {
  attempts += 1
  const scratch = join(root, `attempt-${attempts}`)
  const stop = new AbortController()
  let reads = 0
  const onRead = () => {
    reads += 1
    if (reads === stopAtRead) stop.abort()
  }
  const asked: ModelReference[] = []
  const fetchModel = async (reference: ModelReference) => {
    asked.push(reference)
    return models[Object.values(reference)[0] as string] ?? null
  }
  const events: JobEvent[] = []
  for await (const event of runJob({
    tf,
    spec,
    shelves: tinyShelves({ onRead }),
    scratch,
    checkpoint,
    fetchModel,
    signal: stop.signal,
  })) {
    events.push(event)
    if (killAt?.(event) === true) break
  }
  const files = await listFiles(join(scratch, 'export')).catch(() => [])
  return {
    events,
    asked,
    points: ofType(events, 'metrics').flatMap(({ points }) => points),
    checkpoint: ofType(events, 'checkpoint').at(-1)?.dir ?? null,
    exported: Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256])),
  }
}

function ofType<T extends JobEvent['type']>(events: JobEvent[], type: T) {
  return events.filter((event): event is Extract<JobEvent, { type: T }> => event.type === type)
}

const result = ({ events }: Ran) => ofType(events, 'done')[0]?.metrics as Record<string, number>
/** The metrics that a run determines; latencies are the machine's. */
const numbers = (ran: Ran) =>
  Object.fromEntries(Object.entries(result(ran)).filter(([name]) => !name.includes('latency')))

let whole: Ran
beforeAll(async () => {
  whole = await run()
}, 60_000)

describe('runJob', () => {
  it('ends with every metric that a gate may name for such a job', () => {
    expect(Object.keys(result(whole)).sort()).toEqual([...RESULT_METRIC_NAMES].sort())
    expect(result(whole)['accuracy']).toBeGreaterThan(0.6)
    expect(result(whole)['teacher.accuracy']).toBeGreaterThan(0.6)
    expect(result(whole)['params']).toBe(36 * 8 + 8 + 8 * 3 + 3)
    expect(result(whole)['teacher.params']).toBe(36 * 16 + 16 + 16 * 3 + 3)
    expect(result(whole)['macs']).toBe(36 * 8 + 8 * 3)
    const drop = (result(whole)['teacher.accuracy'] as number) - (result(whole)['accuracy'] as number)
    expect(result(whole)['accuracyDropVsTeacher']).toBeCloseTo(drop, 12)
  })

  it('numbers its metric points over all trainings and tells the stages in order', () => {
    expect(whole.points.map(({ seq }) => seq)).toEqual(whole.points.map((_, i) => i + 1))
    expect([...new Set(whole.points.map(({ stage }) => stage))]).toEqual(['teacher', 'warm', 'imitate', 'baseline'])
    expect(ofType(whole.events, 'done')[0]?.metricSeq).toBe(whole.points.length)
    const stages = ofType(whole.events, 'progress').map(
      ({ progress }) => `${progress.stageIndex + 1}/${progress.stageCount} ${progress.stage}`,
    )
    expect([...new Set(stages)]).toEqual([
      '1/6 teacher',
      '2/6 warm',
      '3/6 imitate',
      '4/6 baseline',
      '5/6 evaluate',
      '6/6 export',
    ])
  })

  it('trains the control from the same weights on the same batches, so its first loss is that of the first stage', () => {
    const first = (stage: string) =>
      whole.points.find((point) => point.stage === stage && point.name === 'loss.ce')?.value
    expect(first('baseline')).toBeDefined()
    expect(first('baseline')).toBe(first('warm'))
  })

  it('leaves exports, and a report that says what they were made from', async () => {
    const artifacts = ofType(whole.events, 'artifacts')
    expect(artifacts.map(({ kind, prefix }) => `${kind} ${prefix}`)).toEqual(['export export/files', 'report report'])
    expect(Object.keys(whole.exported)).toEqual(['files/model.json', 'files/model.weights.bin'])
    const report = JSON.parse(await readFile(join(artifacts[1]?.dir ?? '', 'report.json'), 'utf8'))
    expect(report.metrics).toEqual(result(whole))
    expect(report.exports[0].files.map((file: { sha256: string }) => file.sha256)).toEqual(
      Object.values(whole.exported),
    )
    expect(report.confusion.flat().reduce((sum: number, count: number) => sum + count)).toBe(60)
    expect(report.trainings.student.curve.length).toBe(3)
    expect(report.lineage).toMatchObject({
      data: { name: 'blobs', trainedOn: 120 },
      teachers: [{ reused: false }],
      versions: { tensorflow: expect.stringMatching(/^2\./) },
    })
  })

  it('gives the same bytes and numbers when run again', async () => {
    const again = await run()
    expect(again.exported).toEqual(whole.exported)
    expect(again.points).toEqual(whole.points)
    expect(numbers(again)).toEqual(numbers(whole))
  })

  it('hands its teacher out, and a later job takes it instead of training it', async () => {
    const [kept] = ofType(whole.events, 'teacher')
    expect(kept?.metrics).toMatchObject({
      accuracy: result(whole)['teacher.accuracy'],
      params: result(whole)['teacher.params'],
    })
    const models = { [kept?.key ?? '']: { dir: kept?.dir ?? '', metrics: {} } }
    const reusing = await run({ spec: tinyJob({ name: 'other', labels: { a: 'b' } }), models })
    expect(whole.asked).toEqual([{ teacherKey: kept?.key }])
    expect(reusing.points.some(({ stage }) => stage === 'teacher')).toBe(false)
    expect(reusing.exported).toEqual(whole.exported)
    expect(ofType(reusing.events, 'teacher')).toEqual([])
    expect(numbers(reusing)).toEqual(numbers(whole))
    const resumed = await run({ checkpoint: (await run({ stopAtRead: 8, models })).checkpoint })
    expect(resumed.asked).toEqual([])
    expect(resumed.exported).toEqual(whole.exported)
  })

  it('trains a teacher anew when the stored one is not what it should be', async () => {
    const [kept] = ofType(whole.events, 'teacher')
    const ran = await run({ models: { [kept?.key ?? '']: await softmaxTeacher() } })
    expect(ran.events).toContainEqual({
      type: 'note',
      message: expect.stringMatching(/stored one cannot be used.*fc1/),
    })
    expect(ran.exported).toEqual(whole.exported)
    expect(ran.points).toEqual(whole.points)
  })

  it('asks for its teacher under a key that changes with all that determines it and with nothing else', async () => {
    const keyOf = async (change: Record<string, unknown>) => {
      const fetchModel = async (reference: ModelReference) => {
        throw new Error(JSON.stringify(reference))
      }
      const request = { tf, spec: tinyJob(change), shelves: tinyShelves(), scratch: root, checkpoint: null, fetchModel }
      return await failureOf(runJob({ ...request, signal: new AbortController().signal }))
    }
    const [teacher] = tinyJob().teachers
    const seeded = { ...teacher, train: { ...teacher?.train, seed: 4 } }
    const same = await keyOf({})
    expect(same).toMatch(/"teacherKey":"[0-9a-f]{64}"/)
    expect(await keyOf({ train: { epochs: 9, batchSize: 3 }, student: { model: 'cnn' } })).toBe(same)
    expect(await keyOf({ teacher: { ...teacher, params: { hidden: 16, dropout: 0 }, weight: 3 } })).toBe(same)
    expect(await keyOf({ data: { name: 'blobs', seed: 7, params: { flat: false } } })).toBe(same)
    const parts = [{ limit: 90 }, { limit: 90, seed: 1 }, { validation: 0.25 }].map((part) => ({
      data: { name: 'blobs', ...part },
    }))
    const others = [{ teacher: seeded }, { teacher: { ...teacher, params: {} } }, ...parts]
    expect(new Set([same, ...(await Promise.all(others.map(keyOf)))]).size).toBe(6)
  })
})

/** The message of the error that ends the job. */
async function failureOf(job: AsyncIterable<JobEvent>): Promise<string> {
  try {
    for await (const _ of job);
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('The job was expected to fail.')
}

describe('an interrupted job', () => {
  // 120 samples, batches of 20: 24 reads in the teacher, 18 in the student (5 of them in "warm"), 18 in the control.
  it.each([
    ['teacher', 5],
    ['warm', 26],
    ['imitate', 35],
    ['baseline', 52],
  ])('stopped in %s goes on to the same model and series', async (stage, stopAtRead) => {
    const first = await run({ stopAtRead })
    expect(first.events.at(-1)).toEqual({ type: 'stopped' })
    expect(ofType(first.events, 'checkpoint').at(-1)?.stage).toBe(stage)
    const second = await run({ checkpoint: first.checkpoint })
    expect(second.exported).toEqual(whole.exported)
    expect([...first.points, ...second.points]).toEqual(whole.points)
    expect(numbers(second)).toEqual(numbers(whole))
    expect(ofType(second.events, 'teacher').length).toBe(stage === 'teacher' ? 1 : 0)
  })

  it('is no different when its steps are compiled and its teacher is asked beforehand', async () => {
    const spec = tinyJob({ train: { epochs: 3, batchSize: 20, checkpointSeconds: 3600, compile: true } })
    const undisturbed = await run({ spec })
    const outputs = ofType(undisturbed.events, 'progress').filter(({ progress }) =>
      /teacher outputs/.test(progress.stage),
    )
    expect(outputs.length).toBeGreaterThan(0)
    const first = await run({ spec, stopAtRead: 40 })
    const second = await run({ spec, checkpoint: first.checkpoint })
    expect(first.events.at(-1)).toEqual({ type: 'stopped' })
    expect(second.exported).toEqual(undisturbed.exported)
    expect([...first.points, ...second.points]).toEqual(undisturbed.points)
  })

  it('killed at any checkpoint goes on from there, repeating what came after it', async () => {
    const count = ofType(whole.events, 'checkpoint').length
    expect(count).toBe(5)
    for (let kill = 1; kill <= count; kill++) {
      let seen = 0
      const killed = await run({ killAt: (event) => event.type === 'checkpoint' && ++seen === kill })
      const second = await run({ checkpoint: killed.checkpoint })
      const before = ofType(killed.events, 'checkpoint').at(-1)?.metricSeq ?? 0
      expect(second.exported).toEqual(whole.exported)
      expect(killed.points.filter(({ seq }) => seq <= before).concat(second.points)).toEqual(whole.points)
    }
  })

  it('starts anew from a damaged checkpoint or one of another job, and says why', async () => {
    const first = await run({ stopAtRead: 26 })
    const dir = first.checkpoint as string
    const other = await run({
      checkpoint: dir,
      spec: tinyJob({ train: { epochs: 1, batchSize: 20 } }),
      killAt: ({ type }) => type === 'metrics',
    })
    expect(other.events).toContainEqual({ type: 'note', message: expect.stringMatching(/not used.*another job spec/) })
    expect(other.points[0]?.seq).toBe(1)
    await writeFile(join(dir, (await readdir(dir)).find((name) => name.endsWith('.bin')) ?? ''), 'damaged')
    const damaged = await run({ checkpoint: dir })
    expect(damaged.events).toContainEqual({ type: 'note', message: expect.stringMatching(/not used.*bytes/) })
    expect(damaged.exported).toEqual(whole.exported)
  })

  it('stopped before its first step can be taken up', async () => {
    const events: JobEvent[] = []
    const request = { tf, spec: tinyJob(), shelves: tinyShelves(), scratch: join(root, 'early'), checkpoint: null }
    const job = runJob({ ...request, fetchModel: async () => null, signal: AbortSignal.abort() })
    for await (const event of job) events.push(event)
    expect(events.at(-1)).toEqual({ type: 'stopped' })
    const second = await run({ checkpoint: ofType(events, 'checkpoint').at(-1)?.dir ?? null })
    expect(second.exported).toEqual(whole.exported)
    expect(second.points).toEqual(whole.points)
  })

  it('stopped during the last measurements keeps the checkpoint of the last training', async () => {
    const stop = new AbortController()
    const events: JobEvent[] = []
    const request = { tf, spec: tinyJob(), shelves: tinyShelves(), scratch: join(root, 'late'), checkpoint: null }
    for await (const event of runJob({ ...request, fetchModel: async () => null, signal: stop.signal })) {
      events.push(event)
      if (event.type === 'artifacts') stop.abort()
    }
    expect(events.at(-1)).toEqual({ type: 'stopped' })
    const resumed = await run({ checkpoint: ofType(events, 'checkpoint').at(-1)?.dir ?? null })
    expect(numbers(resumed)).toEqual(numbers(whole))
    expect(resumed.points).toEqual([])
  })
})

/** An uploaded model as people have them: Keras style, with its softmax. */
async function softmaxTeacher(classes = 3, activation: 'softmax' | 'sigmoid' = 'softmax'): Promise<FetchedModel> {
  const dir = join(root, `upload-${classes}-${activation}`)
  const dense = tf.layers.dense({
    units: classes,
    activation,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
  })
  const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), dense] })
  await saveLayersModel({ tf, dir }, model)
  return { dir, metrics: {} }
}

describe('a teacher from elsewhere', () => {
  const upload = 'a'.repeat(64)
  const spec = tinyJob({ teacher: { from: { upload } }, evaluate: { baseline: false, latencyRuns: 0 } })

  it('teaches, softmax and all, and is measured', async () => {
    const ran = await run({ spec, models: { [upload]: await softmaxTeacher() } })
    expect(ran.asked).toEqual([{ upload }])
    expect(result(ran)).toMatchObject({ 'teacher.params': 36 * 3 + 3, agreement: expect.any(Number) })
    expect(Object.keys(result(ran)).filter((name) => /latency|baseline|Baseline/.test(name))).toEqual([])
    const losses = ran.points.filter(({ name }) => name === 'loss.kd0').map(({ value }) => value)
    expect(losses.length).toBeGreaterThan(3)
    expect(losses.every((value) => value >= 0 && value < 20)).toBe(true)
  })

  it.each([
    ['is missing', async () => ({}), /upload a+.*received nothing/],
    [
      'has other classes',
      async () => ({ [upload]: await softmaxTeacher(4) }),
      /outputs of one shape \[3\]; received \[4\]/,
    ],
    [
      'ends in a sigmoid',
      async () => ({ [upload]: await softmaxTeacher(3, 'sigmoid') }),
      /linear or softmax; received sigmoid/,
    ],
    [
      'is damaged',
      async () => {
        const model = await softmaxTeacher(3)
        const dir = `${model.dir}-damaged`
        await rm(dir, { recursive: true, force: true })
        await saveLayersModel({ tf, dir }, tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] })] }))
        await writeFile(join(dir, 'model.json'), '{"modelTopology":')
        return { [upload]: { dir, metrics: {} } }
      },
      /cannot be loaded/,
    ],
  ])('that %s ends the job with teacher.unavailable', async (_what, models, message) => {
    await expect(run({ spec, models: await models() })).rejects.toMatchObject({
      code: 'teacher.unavailable',
      message: expect.stringMatching(message),
    })
  })
})

describe('a job that cannot succeed', () => {
  it('is rejected with its faults when it does not fit the shelves of this worker', async () => {
    await expect(run({ spec: tinyJob({ method: { name: 'unheard-of' } }) })).rejects.toMatchObject({
      code: 'spec.rejected',
      message: expect.stringContaining('/method/name'),
    })
  })

  it('does not hand out an export that answers differently from the model that was measured', async () => {
    const [files] = tinyShelves().exports as [Exporter]
    const wrong: Exporter = {
      ...files,
      load: async (request) => {
        const loaded = await files.load(request)
        return { ...loaded, predict: (x) => tf.add(loaded.predict(x), 0.01) }
      },
    }
    const events: JobEvent[] = []
    const request = {
      tf,
      spec: tinyJob(),
      scratch: join(root, 'wrong'),
      checkpoint: null,
      fetchModel: async () => null,
    }
    const shelves = { ...tinyShelves(), exports: [wrong] }
    await expect(async () => {
      for await (const event of runJob({ ...request, shelves, signal: new AbortController().signal }))
        events.push(event)
    }).rejects.toMatchObject({ code: 'trainer.error', message: expect.stringMatching(/export files does not answer/) })
    expect(ofType(events, 'artifacts')).toEqual([])
  })

  it('leaves no tensors behind', async () => {
    const before = tf.memory().numTensors
    await run()
    await run({ stopAtRead: 30 })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('ends as diverged when the loss does, keeping the checkpoints before', async () => {
    const spec = tinyJob({ train: { epochs: 3, batchSize: 20, optimizer: { name: 'sgd', learningRate: 100 } } })
    const events: JobEvent[] = []
    const request = { tf, shelves: tinyShelves(), scratch: join(root, 'diverged'), checkpoint: null }
    const diverging = { ...spec, train: { ...spec.train, optimizer: { ...spec.train.optimizer, learningRate: 1e38 } } }
    const signal = new AbortController().signal
    await expect(async () => {
      for await (const event of runJob({ ...request, spec: diverging, fetchModel: async () => null, signal })) {
        events.push(event)
      }
    }).rejects.toMatchObject({ code: 'training.diverged', message: expect.stringContaining('stage "warm"') })
    expect(ofType(events, 'checkpoint').map(({ stage }) => stage)).toEqual(['start', 'teacher'])
  })
})

describe('progress', () => {
  it('is told at most twice a second, but always at the end of a pass', () => {
    let clock = 0
    const log = createProgressLog(3, () => clock)
    const said = Array.from({ length: 20 }, (_, i) => {
      clock += 100
      return log.ofPass('evaluate', i + 1, 20)
    })
    expect(said.map((event) => event !== null).flatMap((told, i) => (told ? [i] : []))).toEqual([0, 5, 10, 15, 19])
  })
})
