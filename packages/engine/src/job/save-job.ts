// A checkpoint of the whole job: the training under way, and the weights of those that are over.
import { join } from 'node:path'
import { writeCheckpoint } from '../checkpoint/write-checkpoint.ts'
import type { JobEvent } from './job-event.ts'
import { type JobRun, type Tensors, TRAINING } from './job-run.ts'
import type { JobState } from './job-state.ts'

export interface SaveJob {
  readonly running: JobState['running']
  readonly tensors: Tensors
  /** Shown with the checkpoint. */
  readonly stage: string
  readonly step: number
  readonly metricSeq: number
}

/** Writes a checkpoint of the whole job. */
export async function saveJob(run: JobRun, { running, tensors, stage, step, metricSeq }: SaveJob): Promise<JobEvent> {
  run.checkpoints += 1
  const finished = Object.fromEntries([...run.finished].map(([phase, { result }]) => [phase, result]))
  const state: JobState = { running, finished }
  const done = [...run.finished].map(([phase, saved]) => [phase, saved.tensors] as const)
  const dir = await writeCheckpoint(join(run.request.scratch, 'checkpoints'), {
    number: run.checkpoints,
    fingerprint: run.fingerprint,
    state,
    groups: new Map<string, Tensors>([...done, [TRAINING, tensors]]),
  })
  return { type: 'checkpoint', dir, stage, step, metricSeq }
}
