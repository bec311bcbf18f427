// What only a database needs that was put back to an earlier state.
import type { Connection } from '../connection.ts'
import { LOCKS } from '../locks.ts'
import type { AttemptKey } from './attempt-key.ts'

export interface RestoredHold extends AttemptKey {
  readonly state: 'dispatched' | 'running'
  readonly cancelRequested: boolean
}

export function createRestoreRepository(db: Connection) {
  return {
    /** False while some API replica leads. Until the end of the transaction none will begin to. */
    async lockLeadership(): Promise<boolean> {
      const rows = await db.$queryRaw<
        { got: boolean }[]
      >`SELECT pg_try_advisory_xact_lock(${LOCKS.leader}::bigint) AS got`
      return rows[0]?.got === true
    },

    /** Jobs that a worker holds, or should, locked. */
    async heldJobs(): Promise<RestoredHold[]> {
      return db.$queryRaw`SELECT id AS "jobId", attempt, state::text, cancel_requested AS "cancelRequested" FROM job
        WHERE state IN ('dispatched', 'running') ORDER BY id FOR NO KEY UPDATE`
    },

    /** Lets attempts of every job that may still run go on from `floor`; answers how many jobs. */
    async raiseAttempts(floor: number): Promise<number> {
      return db.$executeRaw`UPDATE job SET attempt = greatest(attempt, ${floor}::int) WHERE state <> 'succeeded'`
    },

    /** Nobody is there until heard of. */
    async retireWorkers(): Promise<void> {
      await db.$executeRaw`UPDATE worker SET state = 'gone'`
    },
  }
}
