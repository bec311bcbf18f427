// A job as read from its table, with its documents typed.
import type { JobFailure, JobProgress, JobResult, JobSpec } from '@stillhouse/spec'
import type { Job as Stored } from '../generated/client.ts'

interface Documents {
  spec: JobSpec
  labels: Record<string, string>
  progress: JobProgress | null
  result: JobResult | null
  failure: JobFailure | null
}

export type JobRow = Omit<Stored, keyof Documents> & Documents & { team: { name: string } }

/** What is read along with a job. */
export const WITH_TEAM = { team: { select: { name: true } } } as const

/** The documents were checked when they were written: this only names their types. */
export function jobRow(stored: Stored & Pick<JobRow, 'team'>): JobRow {
  return stored as unknown as JobRow
}
