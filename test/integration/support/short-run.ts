// A job of the examples in a few steps, with what a test wants to know of it: losses by stage, the student's weights as
// each stage ended, which outputs of teachers were kept.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type JobEvent, runJob } from '@stillhouse/engine'
import { type JobSpec, parseJobSpec } from '@stillhouse/spec'
import { expect } from 'vitest'
import { shelves } from '../../../apps/trainer/src/shelves.ts'
import { tf } from '../../exports/support/native-tf.ts'

/** A part of a job as it is written. */
type Written = Readonly<Record<string, unknown>>

/** @throws Error with the faults of the job */
export function specOf(job: unknown): JobSpec {
  const parsed = parseJobSpec(job)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}

/** Of a shortened training; a multiple of what stages and `accumulate` divide it by. */
const STEPS = 8

/** The job with fewer samples and steps. Networks, methods, stages and optimisers are what they are. */
export function shortened({ gates, ...job }: Written): JobSpec {
  const { data, teacher, teachers } = job
  const mnist = (data as Written)['name'] === 'mnist' ? { params: { train: 1000, test: 200 }, limit: 500 } : {}
  return specOf({
    ...job,
    data: { ...(data as Written), ...mnist },
    ...(teacher === undefined ? {} : { teacher: shortlyTrained(teacher) }),
    ...(teachers === undefined ? {} : { teachers: (teachers as unknown[]).map(shortlyTrained) }),
    ...shortlyTrained(job),
    evaluate: { everyEpochs: 0, latencyRuns: 0 },
  })
}

function shortlyTrained(one: unknown): Written {
  const { train, ...rest } = one as { readonly train: Written }
  const { epochs, ...how } = train
  return { ...rest, train: { ...how, steps: STEPS, checkpointSeconds: 3600 } }
}

/** Values of weights as text, by name. */
export type Weights = ReadonlyMap<string, string>

export interface ShortRun {
  /** Names of the parts of the loss, by stage. */
  readonly losses: Readonly<Record<string, readonly string[]>>
  /** The student's weights at the end of each stage. */
  readonly ends: readonly Weights[]
  /** Files of teachers' outputs. */
  readonly kept: readonly string[]
  readonly accuracy: number | undefined
}

/** @param scratch an empty folder */
export async function runShort(spec: JobSpec, scratch: string): Promise<ShortRun> {
  const cacheDir = path.join(scratch, 'cache')
  const { signal } = new AbortController()
  const events: JobEvent[] = []
  const ends: Weights[] = []
  const request = { tf, spec, shelves, scratch, cacheDir, checkpoint: null, signal }
  for await (const event of runJob({ ...request, fetchModel: async () => null })) {
    events.push(event)
    // the folder is removed when it is two checkpoints old
    if (event.type === 'checkpoint') ends.push(await studentIn(event.dir))
  }
  const kept = await readdir(path.join(cacheDir, 'teacher-outputs'), { recursive: true })
  const last = events.at(-1)
  const accuracy = last?.type === 'done' ? last.metrics['accuracy'] : undefined
  return { losses: lossesIn(events), ends: ends.filter(({ size }) => size > 0), kept, accuracy }
}

function lossesIn(events: readonly JobEvent[]): Record<string, string[]> {
  const points = events.flatMap((event) => (event.type === 'metrics' ? event.points : []))
  const parts = points.filter(({ name }) => name.startsWith('loss.'))
  expect(parts.filter(({ value }) => !Number.isFinite(value))).toEqual([])
  const stages = [...new Set(parts.map(({ stage }) => stage))]
  const partsOf = (wanted: string) => parts.filter(({ stage }) => stage === wanted).map(({ name }) => name.slice(5))
  return Object.fromEntries(stages.map((stage) => [stage, [...new Set(partsOf(stage))].sort()]))
}

interface Stored {
  readonly files: Readonly<Record<string, { tensors: readonly { name: string; shape: readonly number[] }[] }>>
}

/** Empty while a teacher trains. See docs/checkpoints.md for the files. */
async function studentIn(dir: string): Promise<Weights> {
  const { files } = JSON.parse(await readFile(path.join(dir, 'manifest.json'), 'utf8')) as Stored
  const weights = new Map<string, string>()
  for (const [file, { tensors }] of Object.entries(files)) {
    const bytes = await readFile(path.join(dir, file))
    let at = 0
    for (const { name, shape } of tensors) {
      const size = shape.reduce((product, axis) => product * axis, 4)
      if (name.startsWith('student/')) weights.set(name, bytes.toString('base64', at, at + size))
      at += size
    }
  }
  return weights
}
