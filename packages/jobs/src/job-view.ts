// From a job's row to the job that callers see.
import type { JobRow } from '@stillhouse/db'
import type { Job, JobQueuePlace } from '@stillhouse/spec'

/** What callers see of a job. */
export type ViewedJob = Pick<
  JobRow,
  | 'id'
  | 'team'
  | 'name'
  | 'state'
  | 'verdict'
  | 'attempt'
  | 'priority'
  | 'preemptible'
  | 'labels'
  | 'spec'
  | 'specHash'
  | 'progress'
  | 'result'
  | 'failure'
  | 'cancelRequested'
  | 'createdAt'
  | 'startedAt'
  | 'finishedAt'
>

export function jobView(row: ViewedJob, place: JobQueuePlace | null): Job {
  return {
    id: row.id,
    team: row.team.name,
    name: row.name,
    state: row.state,
    verdict: row.verdict,
    attempt: row.attempt,
    priority: row.priority,
    preemptible: row.preemptible,
    labels: row.labels,
    spec: row.spec,
    specHash: row.specHash,
    progress: row.progress,
    queue: place,
    result: row.result,
    failure: row.failure,
    cancelRequested: row.cancelRequested,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}
