// Takes in a batch of metrics, log lines, events and progress. A repeated batch is dropped, whole.
import type { JobEventBody, Report } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import type { AttemptRef } from './job-service.ts'
import { lockOwnAttempt } from './own-attempt.ts'

/** @throws ApiError job.not_found, attempt.stale */
export async function report({ db }: JobContext, ref: AttemptRef, batch: Report): Promise<void> {
  await db.transaction(async (tx) => {
    const { progressEventDue } = await lockOwnAttempt(tx, ref)
    if (!(await tx.batches.record(ref, batch.batch))) return
    await tx.metrics.upsert(ref, batch.metrics)
    await tx.logs.append(ref, batch.logs)
    const events = eventsOf(ref, batch, progressEventDue)
    if (batch.progress) await tx.jobs.setProgress(ref.jobId, batch.progress, progressEventDue)
    if (events.length === 0) return
    await tx.events.append(ref.jobId, events)
    await tx.signals.jobs([ref.jobId])
  })
}

/** Events tell of the attempt that is fenced in, whatever they claim; progress is told at most once a second. */
function eventsOf({ attempt }: AttemptRef, { events, progress }: Report, progressDue: boolean): JobEventBody[] {
  const own = events.map((event) => ({ ...event, data: { ...event.data, attempt } }) as JobEventBody)
  return progress && progressDue ? [...own, { type: 'progress', data: { attempt, progress } }] : own
}
