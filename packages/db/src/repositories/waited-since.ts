// Since when an attempt had waited for a worker, in the one form that all queries share.
import { Prisma } from '../generated/client.ts'

/**
 * SQL over the tables `job`, `before` (the attempt before, if there was one) and the attempt, under the given name: the
 * end of the one before if the job came back by itself, else its place in the queue, unless a retry has moved that since.
 */
export function waitedSince(attempt: 'given' | 'started'): Prisma.Sql {
  return Prisma.sql`CASE WHEN before.next_state = 'queued' THEN before.ended_at
    WHEN job.queued_at <= ${Prisma.raw(attempt)}.dispatched_at THEN job.queued_at ELSE job.created_at END`
}
