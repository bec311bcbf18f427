// Exit codes of `stillhouse submit --wait`, `watch` and `demo`: a contract with CI pipelines.
import type { Job } from './wire.ts'

export const EXIT_CODES = {
  passed: 0,
  usage: 1,
  gateFailed: 2,
  jobFailed: 3,
  cancelled: 4,
  timedOut: 5,
  unreachable: 6,
} as const

/** Exit code for a finished job. */
export function exitCodeForJob(job: Pick<Job, 'state' | 'verdict'>): number {
  if (job.state === 'succeeded') return job.verdict === 'failed' ? EXIT_CODES.gateFailed : EXIT_CODES.passed
  return job.state === 'cancelled' ? EXIT_CODES.cancelled : EXIT_CODES.jobFailed
}
