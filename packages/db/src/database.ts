// The door to PostgreSQL: reads and transactions over typed tables, repeated when a connection is lost.
import { PrismaPg } from '@prisma/adapter-pg'
import { createPool } from './create-pool.ts'
import { PrismaClient } from './generated/client.ts'
import { isTransient } from './is-transient.ts'
import { preparedName } from './prepared.ts'
import { retryTransient, UnsureOutcome } from './retry-transient.ts'
import { createTables, type Tables } from './tables.ts'

export interface Database {
  /** Runs reads outside of a transaction; repeated on a lost connection. */
  read<T>(work: (tables: Tables) => Promise<T>): Promise<T>
  /** Runs one statement that writes: it is its own transaction. Repeated on a lost connection. */
  statement<T>(work: (tables: Tables) => Promise<T>): Promise<T>
  /**
   * Runs `work` in one READ COMMITTED transaction. It is repeated on a lost connection, a deadlock or a conflict, so it
   * may do nothing but database calls.
   * @throws ApiError service.unavailable when the database does not come back
   */
  transaction<T>(work: (tables: Tables) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** One quick question, not repeated. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface TransactionOptions {
  /**
   * False when doing it twice differs from doing it once. Then a connection lost during the commit, when nobody knows
   * whether it was done, is reported and not repeated. Default true.
   */
  readonly repeatable?: boolean
}

export interface DatabaseOptions {
  readonly url: string
  /** Most connections at a time; default 10. */
  readonly connections?: number
  /** How long calls go on trying while the database is away, milliseconds; default 10,000. */
  readonly retryMs?: number
}

const LIMITS = { maxWait: 5000, timeout: 25_000 } as const

export function createDatabase({ url, connections = 10, retryMs = 10_000 }: DatabaseOptions): Database {
  const pool = createPool({ url, max: connections, name: 'stillhouse' })
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { statementNameGenerator: preparedName }) })
  const tables = createTables(prisma)

  const runOnce = async <T>(work: (tables: Tables) => Promise<T>, repeatable: boolean): Promise<T> => {
    let committing = false
    try {
      return await prisma.$transaction(async (client) => {
        const result = await work(createTables(client))
        committing = true
        return result
      }, LIMITS)
    } catch (error) {
      throw committing && !repeatable && isTransient(error) ? new UnsureOutcome(error) : error
    }
  }

  return {
    read: (work) => retryTransient(() => work(tables), retryMs),
    statement: (work) => retryTransient(() => work(tables), retryMs),
    transaction: (work, { repeatable = true } = {}) => retryTransient(() => runOnce(work, repeatable), retryMs),
    async ping() {
      await prisma.$queryRaw`SELECT 1`
    },
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
