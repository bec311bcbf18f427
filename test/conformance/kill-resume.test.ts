// The promise of a checkpoint, for every entry of the methods shelf: a job whose trainer is killed with SIGKILL, at any
// step, in any stage, even in the middle of writing a checkpoint, ends with the model that it would have ended with, to
// the bit, and has said what it would have said, nothing left out and nothing twice.
import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobEvent, Method } from '@stillhouse/engine'
import { methods } from '@stillhouse/methods'
import type { JobSpec, MetricPoint } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attempted, disturbedRun, refusals, saysItResumed } from './support/disturbed-run.ts'
import { createJobChildren, type JobChildren } from './support/job-children.ts'
import { methodJob } from './support/method-job.ts'
import { randomEnd, randomLegs, showEnd } from './support/random-end.ts'

/** Two ways each that a job can go; which of them a run of the suite takes is left to chance. */
const ways = { teacherCache: oneOf('on', 'off'), keep: oneOf('last', 'best') }

interface Whole {
  readonly spec: JobSpec
  readonly points: readonly MetricPoint[]
  readonly result: Result
}

interface Result {
  /** sha256 of every exported file, by path. */
  readonly files: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
}

let root: string
let children: JobChildren
const wholes = new Map<Method, Promise<Whole>>()
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kill-resume-'))
  children = createJobChildren()
})
afterAll(async () => {
  await Promise.allSettled(wholes.values())
  await children.stop()
  await rm(root, { recursive: true })
})

/** The undisturbed job of a method; that of the method after it is run meanwhile, so that nobody waits for it. */
function wholeOf(method: Method): Promise<Whole> {
  const next = methods[methods.indexOf(method) + 1]
  const whole = begin(method)
  if (next !== undefined) whole.then(() => begin(next)).catch(() => {})
  return whole
}

function begin(method: Method): Promise<Whole> {
  const whole = wholes.get(method) ?? undisturbed(method)
  wholes.set(method, whole)
  return whole
}

async function undisturbed(method: Method): Promise<Whole> {
  const spec = await methodJob(method, ways)
  const scratch = join(root, method.name, 'whole')
  const { events, points } = await children.run({ spec, scratch, checkpoint: null, end: null })
  return { spec, points, result: await resultOf(scratch, events) }
}

async function resultOf(scratch: string, events: readonly JobEvent[]): Promise<Result> {
  const done = events.find((event) => event.type === 'done')
  const folder = join(scratch, 'export')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const files: Record<string, string> = {}
  for (const path of paths.sort()) files[path.slice(folder.length)] = hash('sha256', await readFile(path))
  return { files, metrics: done?.metrics ?? {} }
}

/** The run went on from where the one before it had been saved, and not from the start because of a doubt. */
function expectResumed({ from, events }: Attempted, title: string): void {
  expect(refusals(events), title).toEqual([])
  expect(saysItResumed(events), title).toBe(from !== null)
}

describe('a killed job', () => {
  it.each([...methods])(
    'of the method $name ends with the same bytes and the same series',
    async (method) => {
      const whole = await wholeOf(method)
      expect(whole.points.map(({ seq }) => seq)).toEqual(whole.points.map((_, i) => i + 1))
      expect(Object.keys(whole.result.files)).toContain('/tfjs-layers/model.json')
      const run = disturbedRun(children, { spec: whole.spec, root: join(root, method.name) })
      let title = JSON.stringify(ways)
      for (const leg of randomLegs(whole.points)) {
        const end = randomEnd(leg, run.left()?.metricSeq ?? 0)
        title += `; ${showEnd(end, whole.points)}`
        const attempt = await run.attempt(end)
        expect(attempt.killed, title).toBe(true)
        expectResumed(attempt, title)
      }
      const last = await run.attempt(null)
      expectResumed(last, title)
      expect(run.points(), title).toEqual(whole.points)
      expect(await resultOf(last.scratch, last.events), title).toEqual(whole.result)
    },
    120_000,
  )

  it('whose newest checkpoint is damaged goes on from the one before, to the same end', async () => {
    const method = methods[0] as Method
    const whole = await wholeOf(method)
    const run = disturbedRun(children, { spec: whole.spec, root: join(root, 'damaged') })
    const after = whole.points.at(-3)?.seq as number
    await run.attempt({ after, how: 'from outside', delay: 0, events: 0 })
    const left = run.left()
    expect(left?.names).toHaveLength(2)
    await flipBit(join(left?.folder ?? '', left?.names[0] ?? '', 'training.bin'))
    const last = await run.attempt(null)
    expect(refusals(last.events)).toEqual([expect.stringContaining('does not have the sha256 of the manifest')])
    expect(saysItResumed(last.events)).toBe(true)
    expect(last.points.at(-1)).toEqual(whole.points.at(-1))
    const { seq } = last.points[0] as MetricPoint
    expect(last.points).toEqual(whole.points.slice(seq - 1))
    expect(await resultOf(last.scratch, last.events)).toEqual(whole.result)
  }, 120_000)
})

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path)
  const at = Math.floor(Math.random() * bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

function oneOf(...choices: readonly string[]): string {
  return choices[Math.floor(Math.random() * choices.length)] as string
}
