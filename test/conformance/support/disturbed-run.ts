// One job over several attempts, as a worker and the service see it: each goes on from the newest whole checkpoint that
// those before it left on disk, in a folder of its own, and of what they said only that is kept which the checkpoint
// counts on.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobEvent } from '@stillhouse/engine'
import type { JobSpec, MetricPoint } from '@stillhouse/spec'
import type { End, Outcome } from './job-child.ts'
import type { JobChildren } from './job-children.ts'

export interface LeftCheckpoint {
  /** Folder of the checkpoints of one attempt. */
  readonly folder: string
  /** The newest in it, and those before. */
  readonly names: readonly string[]
  /** Number of the last metric point that the newest counts on. */
  readonly metricSeq: number
}

export interface DisturbedRun {
  /** Kept points and those of the last attempt. */
  points(): readonly MetricPoint[]
  left(): LeftCheckpoint | null
  attempt(end: End | null): Promise<Attempted>
}

export interface Attempted extends Outcome {
  /** Folder that the attempt wrote to. */
  readonly scratch: string
  /** What it went on from. */
  readonly from: LeftCheckpoint | null
}

export function disturbedRun(children: JobChildren, { spec, root }: { spec: JobSpec; root: string }): DisturbedRun {
  let attempts = 0
  let points: readonly MetricPoint[] = []
  let left: LeftCheckpoint | null = null
  return {
    points: () => points,
    left: () => left,
    attempt: async (end) => {
      attempts += 1
      const [scratch, from] = [join(root, `attempt-${attempts}`), left]
      const outcome = await children.run({ spec, scratch, checkpoint: from?.folder ?? null, end })
      points = [...points.filter(({ seq }) => seq <= (from?.metricSeq ?? 0)), ...outcome.points]
      left = (await newestIn(join(scratch, 'checkpoints'))) ?? from
      return { ...outcome, scratch, from }
    },
  }
}

/** What a reader of the folder would use; read here from the manifest alone. */
async function newestIn(folder: string): Promise<LeftCheckpoint | null> {
  const entries = await readdir(folder).catch(() => [])
  const names = entries
    .filter((name) => /^checkpoint-\d+$/.test(name))
    .sort()
    .reverse()
  if (names[0] === undefined) return null
  const { state } = JSON.parse(await readFile(join(folder, names[0], 'manifest.json'), 'utf8'))
  return { folder, names, metricSeq: state.running?.train.metricSeq ?? 0 }
}

/** Checkpoints that were refused. */
export function refusals(events: readonly JobEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'note' && /checkpoint was not used/.test(event.message) ? [event.message] : [],
  )
}

export function saysItResumed(events: readonly JobEvent[]): boolean {
  return events.some((event) => event.type === 'log' && /^Resumed from a checkpoint/.test(event.message))
}
