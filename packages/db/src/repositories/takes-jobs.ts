// Which workers may be given jobs, in the one form that all queries share.
import { Prisma } from '../generated/client.ts'
import { secondsSql } from './job-move.ts'

/** SQL on the table `worker`: active, and heard of within so many seconds. */
export const takesJobs = (withinSeconds: number): Prisma.Sql =>
  Prisma.sql`worker.state = 'active' AND worker.mode = 'active' AND worker.last_seen_at > clock_timestamp() - ${secondsSql(withinSeconds)}`
