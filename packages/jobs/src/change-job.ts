// Changes the priority of a job that waits or runs; it counts from the next hand-out on. The spec stays as it was sent.
import type { JobRow, Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { isFinalState, type Job, type JobChange } from '@stillhouse/spec'
import { visibleJob } from './caller.ts'
import { getJob } from './get-job.ts'
import type { JobContext } from './job-context.ts'
import type { Caller } from './job-service.ts'
import { record } from './record.ts'

/** @throws ApiError job.not_found, job.state_conflict when the job has ended */
export async function changeJob(
  context: JobContext,
  caller: Caller,
  { id, ...change }: JobChange & { id: string },
): Promise<Job> {
  await context.db.transaction((tx) => changeJobIn(tx, caller, { id, ...change }))
  return getJob(context, caller, id)
}

/** The same in a transaction of the caller's; answers whether anything changed. */
export async function changeJobIn(
  tx: Tables,
  caller: Caller,
  { id, priority }: JobChange & { id: string },
): Promise<boolean> {
  const job = await visibleJob(caller, id, tx.jobs.lock)
  const conflict = changeConflict(job)
  if (conflict !== null) throw new ApiError('job.state_conflict', conflict)
  if (job.priority === priority) return false
  await tx.jobs.setPriority(id, priority)
  const message = `The priority was changed from ${job.priority} to ${priority}.`
  await tx.events.append(id, [{ type: 'note', data: { attempt: job.attempt, message } }])
  await tx.signals.jobs([id])
  await tx.signals.work()
  const detail = { name: job.name, before: { priority: job.priority }, after: { priority } }
  await record(tx, caller, { action: 'changeJob', target: { kind: 'job', id }, teamId: job.teamId, detail })
  return true
}

/** Why the job cannot be changed any more; null when it can. */
export function changeConflict({ id, state }: Pick<JobRow, 'id' | 'state'>): string | null {
  if (!isFinalState(state)) return null
  return `Job ${id} is ${state}. Only a job that waits or runs can be changed; retry it first, or submit a new one.`
}
