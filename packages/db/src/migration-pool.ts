// The one connection on which the schema engine works, with two things mended that its pg adapter does not do.
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import type pg from 'pg'
import { createPool } from './create-pool.ts'

export interface MigrationPool {
  readonly pool: pg.Pool
  /** The first statement error: the engine reports only what fails after it, when the transaction is already lost. */
  firstError(): Error | undefined
  /** Connects the adapter, teaching it PostgreSQL's internal type "char", which the engine meets in the catalogue. */
  connect(): Promise<SqlDriverAdapter>
}

const INTERNAL_CHAR = 18
const TEXT = 25

export function createMigrationPool(url: string): MigrationPool {
  const pool = createPool({ url, max: 1, name: 'stillhouse-migrate' })
  pool.on('error', () => undefined) // the failed statement tells
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>
  let first: Error | undefined
  let charColumns: number[] = []
  const mended = async (...args: unknown[]): Promise<pg.QueryResult> => {
    try {
      const result = await query(...args)
      const fields = result.fields ?? []
      charColumns = fields.flatMap((field, index) => (field.dataTypeID === INTERNAL_CHAR ? [index] : []))
      for (const index of charColumns) Object.assign(fields[index] ?? {}, { dataTypeID: TEXT })
      return result
    } catch (error) {
      first ??= error as Error
      throw error
    }
  }
  Object.assign(pool, { query: mended })
  const connect = async (): Promise<SqlDriverAdapter> => {
    const adapter = await new PrismaPg(pool).connect()
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (statement) => {
      const result = await queryRaw(statement)
      for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character
      return result
    }
    return adapter
  }
  return { pool, firstError: () => first, connect }
}
