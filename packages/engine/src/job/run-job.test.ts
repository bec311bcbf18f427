// Whole jobs on small data: what they say and what they leave behind.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelReference, RESULT_METRIC_NAMES } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Exporter } from '../contracts/exporter.ts'
import { tf } from '../testing/native-tf.ts'
import {
  numbersOf as numbers,
  ofType,
  type Ran,
  resultOf as result,
  tinyJobRoot as root,
  runTinyJob as run,
} from '../testing/run-tiny-job.ts'
import { softmaxTeacher } from '../testing/softmax-teacher.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import { createProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import { runJob } from './run-job.ts'

let whole: Ran
beforeAll(async () => {
  whole = await run()
}, 60_000)
afterAll(() => rm(root, { recursive: true }))

describe('runJob', () => {
  it('ends with every metric that a gate may name for such a job', () => {
    // three classes have no top five
    const names = RESULT_METRIC_NAMES.filter((name) => name !== 'accuracy.top5')
    expect(Object.keys(result(whole)).sort()).toEqual(names.sort())
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
    const resumed = await run({ checkpoint: (await run({ stopAtBatch: 8, models })).checkpoint })
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
    await run({ stopAtBatch: 30 })
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
