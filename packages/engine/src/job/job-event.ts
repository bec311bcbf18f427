// What a job says while it runs: the messages of the IPC catalogue that come from training, without their version.
import type { TrainerToWorker } from '@stillhouse/spec'

type Said =
  | 'progress'
  | 'metrics'
  | 'eval'
  | 'log'
  | 'note'
  | 'checkpoint'
  | 'teacher'
  | 'artifacts'
  | 'done'
  | 'stopped'

type WithoutVersion<T> = T extends unknown ? Omit<T, 'version'> : never

/** `done` or `stopped` is the last; a failure is thrown. */
export type JobEvent = WithoutVersion<Extract<TrainerToWorker, { type: Said }>>
