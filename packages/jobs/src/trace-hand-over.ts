// What happens to a job between its submission and its worker, as spans of the trace that the submission began: how long it
// waited to be dispatched, and how long the hand-over to the queue took.
import type { OutboxRow } from '@stillhouse/db'
import { startSpan } from '@stillhouse/kit'

/** Call it when the queue has the attempt. */
export function traceHandOver(row: OutboxRow): void {
  const { traceparent: parent, jobId, attempt, workerId, createdAt, dispatchedAt, waitedSince } = row
  if (parent === null) return
  const attributes = {
    'stillhouse.job.id': jobId,
    'stillhouse.attempt': attempt,
    'stillhouse.worker.id': workerId,
  }
  // one transaction wrote both, at its own time; a hand-over that is made again comes later
  if (dispatchedAt?.getTime() === createdAt.getTime())
    startSpan('dispatch', { parent, attributes, startedAt: waitedSince }).end({ at: dispatchedAt })
  startSpan('hand-over', { parent, kind: 'producer', attributes, startedAt: createdAt }).end()
}
