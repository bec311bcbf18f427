// No interruption of a job shows in what it says or leaves behind.
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../testing/native-tf.ts'
import {
  numbersOf as numbers,
  ofType,
  type Ran,
  tinyJobRoot as root,
  runTinyJob as run,
} from '../testing/run-tiny-job.ts'
import { tinyJob, tinyShelves } from '../testing/tiny-shelves.ts'
import type { JobEvent } from './job-event.ts'
import { runJob } from './run-job.ts'

let whole: Ran
beforeAll(async () => {
  whole = await run()
}, 60_000)
afterAll(() => rm(root, { recursive: true }))

describe('an interrupted job', () => {
  // 120 samples, batches of 20: 24 reads in the teacher, 18 in the student (5 of them in "warm"), 18 in the control.
  it.each([
    ['teacher', 5],
    ['warm', 26],
    ['imitate', 35],
    ['baseline', 52],
  ])('stopped in %s goes on to the same model and series', async (stage, stopAtBatch) => {
    const first = await run({ stopAtBatch })
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
    const first = await run({ spec, stopAtBatch: 40 })
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
    const first = await run({ stopAtBatch: 26 })
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
