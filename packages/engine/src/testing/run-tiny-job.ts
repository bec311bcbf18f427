// Whole jobs on small data, run as a trainer would, with every event kept.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobSpec, MetricPoint, ModelReference } from '@stillhouse/spec'
import type { Shelves } from '../contracts/shelves.ts'
import { openBatches } from '../data/open-batches.ts'
import type { JobEvent } from '../job/job-event.ts'
import { listFiles } from '../job/job-files.ts'
import { runJob } from '../job/run-job.ts'
import type { FetchedModel } from '../job/run-request.ts'
import { countedBatches } from './counted-batches.ts'
import { tf } from './native-tf.ts'
import { tinyJob, tinyShelves } from './tiny-shelves.ts'

/** Folder of everything that jobs of this process write; whoever runs some removes it. */
export const tinyJobRoot = mkdtempSync(join(tmpdir(), 'run-job-'))

export interface Attempt {
  readonly spec?: JobSpec
  readonly shelves?: Shelves
  readonly checkpoint?: string | null
  readonly models?: Record<string, FetchedModel>
  readonly cacheDir?: string
  /** Stop after so many batches. */
  readonly stopAtBatch?: number
  /** Stop listening, as when the process is killed, once this says so. */
  readonly killAt?: (event: JobEvent) => boolean
}

export interface Ran {
  readonly events: JobEvent[]
  readonly points: MetricPoint[]
  readonly asked: ModelReference[]
  readonly checkpoint: string | null
  /** path → sha256 of the exported files. */
  readonly exported: Record<string, string>
}

let attempts = 0

export async function runTinyJob(attempt: Attempt = {}): Promise<Ran> {
  const { spec = tinyJob(), shelves = tinyShelves(), checkpoint = null, models = {}, stopAtBatch, killAt } = attempt
  attempts += 1
  const scratch = join(tinyJobRoot, `attempt-${attempts}`)
  const stop = new AbortController()
  let batches = 0
  const onBatch = () => {
    batches += 1
    if (batches === stopAtBatch) stop.abort()
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
    shelves,
    scratch,
    checkpoint,
    fetchModel,
    openBatches: (plan) => countedBatches(openBatches(plan, { threads: 0 }), onBatch),
    ...(attempt.cacheDir === undefined ? {} : { cacheDir: attempt.cacheDir }),
    signal: stop.signal,
  })) {
    events.push(event)
    if (killAt?.(event) === true) break
  }
  const exports = await listFiles(join(scratch, 'export')).catch(() => [])
  // beside a model lies where it came from, which names the spec
  const files = exports.filter(({ path }) => !path.endsWith('/stillhouse.json'))
  return {
    events,
    asked,
    points: ofType(events, 'metrics').flatMap(({ points }) => points),
    checkpoint: ofType(events, 'checkpoint').at(-1)?.dir ?? null,
    exported: Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256])),
  }
}

export function ofType<T extends JobEvent['type']>(events: JobEvent[], type: T) {
  return events.filter((event): event is Extract<JobEvent, { type: T }> => event.type === type)
}

export const resultOf = ({ events }: Ran) => ofType(events, 'done')[0]?.metrics as Record<string, number>

/** The metrics that a run determines; latencies are the machine's. */
export const numbersOf = (ran: Ran) =>
  Object.fromEntries(Object.entries(resultOf(ran)).filter(([name]) => !name.includes('latency')))
