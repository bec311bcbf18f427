// Carries the outbox to the queue, in order. A row is deleted only after the queue has it: dying in between sends it
// twice, which the queue forgives.
import type { OutboxRow } from '@stillhouse/db'
import { traceIdOf } from '@stillhouse/kit'
import type { JobContext } from './job-context.ts'
import { traceHandOver } from './trace-hand-over.ts'

const BATCH = 200
const LONGEST_PAUSE_SECONDS = 5

/** One round; answers how many rows were settled. When the queue is down all due rows are put off together. */
export async function relayOutbox(context: JobContext): Promise<number> {
  const { db, logger } = context
  const rows = await db.read((tables) => tables.outbox.due(BATCH))
  const settled: bigint[] = []
  let failed: unknown
  for (const row of rows) {
    try {
      await send(context, row)
      settled.push(row.id)
    } catch (error) {
      failed = error
      break
    }
  }
  await db.transaction(async (tx) => {
    await tx.outbox.delete(settled)
    if (failed)
      await tx.outbox.postpone(
        rows.slice(settled.length).map((row) => row.id),
        pauseAfter(rows),
      )
  })
  if (failed) logger.warn({ err: failed, waiting: rows.length - settled.length }, 'the queue did not take an attempt')
  return settled.length
}

async function send({ queue, logger }: JobContext, row: OutboxRow): Promise<void> {
  const { topic, jobId, attempt, workerId, jobState, jobAttempt } = row
  if (topic === 'queue.remove') await queue.remove({ jobId, attempt }, workerId)
  if (topic === 'queue.remove' || jobState !== 'dispatched' || jobAttempt !== attempt) return
  await queue.add({ jobId, attempt }, workerId)
  logger.info({ jobId, attempt, workerId, ...traced(row) }, 'handed over')
  traceHandOver(row)
}

function traced({ traceparent }: OutboxRow): { traceId?: string } {
  const traceId = traceIdOf(traceparent)
  return traceId === null ? {} : { traceId }
}

function pauseAfter(rows: readonly OutboxRow[]): number {
  const tries = Math.max(...rows.map((row) => row.tries))
  return Math.min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** tries)
}
