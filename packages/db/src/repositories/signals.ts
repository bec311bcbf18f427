// Wake-up calls between processes (NOTIFY). They carry no facts: who is woken looks at the tables.
import { CHANNELS } from '../channels.ts'
import type { Connection } from '../connection.ts'
import { LOCKS } from '../locks.ts'

export function createSignals(db: Connection) {
  return {
    /** Sent when the transaction commits. */
    async jobs(ids: readonly string[]): Promise<void> {
      await db.$executeRaw`SELECT pg_notify(${CHANNELS.job}, id) FROM unnest(${ids}::text[]) AS id`
    },

    async work(): Promise<void> {
      await db.$executeRaw`SELECT pg_notify(${CHANNELS.work}, '')`
    },

    /** Lets only one transaction at a time hand out jobs; released at its end. */
    async lockDispatch(): Promise<void> {
      await db.$executeRaw`SELECT pg_advisory_xact_lock(${LOCKS.dispatch}::bigint)`
    },
  }
}
