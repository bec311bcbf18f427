// Compares what waits in the workers' queues with what the database has given them, and takes the rest out. A claim of such
// a message is refused anyway; until then it holds up those behind it.
import type { HandOver, NewMend } from '@stillhouse/db'
import type { QueueMessage } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'

const LIMIT = 500

/** Answers the messages that were taken out, of all workers that are not forgotten. */
export async function mendQueues(context: JobContext, options: MendOptions = {}): Promise<NewMend[]> {
  const found: NewMend[] = []
  for (const { id } of await context.db.read((tables) => tables.workers.list()))
    found.push(...(await mendQueue(context, id, options)))
  return found
}

async function mendQueue(context: JobContext, workerId: string, options: MendOptions): Promise<NewMend[]> {
  const waiting = await context.queue.waiting(workerId, LIMIT)
  if (waiting.length === 0) return []
  return mend(context, options, async (tx) => {
    const extra = await tx.census.notGivenTo(workerId, waiting)
    await tx.outbox.add(
      'queue.remove',
      handOversOf(
        workerId,
        extra.filter(({ known }) => known),
      ),
    )
    // the outbox can only tell of jobs that there are
    const unknown = options.dryRun ? [] : extra.filter(({ known }) => !known)
    for (const message of unknown) await context.queue.remove(message, workerId)
    const found = handOversOf(workerId, extra)
    return found.map((detail): NewMend => ({ kind: 'queue.extra', target: detail.jobId, detail: { ...detail } }))
  })
}

function handOversOf(workerId: string, keys: readonly QueueMessage[]): HandOver[] {
  return keys.map(({ jobId, attempt }) => ({ jobId, attempt, workerId }))
}
