// Data sets sent by users. The id is the hash of the manifest, so saving one again changes nothing.
import type { Dataset, DatasetFile, DatasetSummary } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'

export interface DatasetQuery {
  readonly limit: number
  /** Id of a data set: those after it in the list. */
  readonly after?: string
}

const SUMMARY = { id: true, size: true, fileCount: true, createdAt: true } as const

interface Row {
  readonly id: string
  readonly size: bigint
  readonly createdAt: Date
}

export function createDatasetRepository(db: Connection) {
  return {
    /** Answers whether it is new. */
    async save(id: string, files: readonly DatasetFile[]): Promise<boolean> {
      const size = files.reduce((sum, file) => sum + file.size, 0)
      const count = await db.$executeRaw`
        INSERT INTO dataset (id, size, file_count, files)
        VALUES (${id}, ${size}::bigint, ${files.length}::int, ${JSON.stringify(files)}::jsonb)
        ON CONFLICT DO NOTHING`
      return count === 1
    },

    async find(id: string): Promise<Dataset | null> {
      const row = await db.dataset.findUnique({ where: { id } })
      return row && { ...summaryOf(row), files: row.files as unknown as DatasetFile[] }
    },

    async exists(id: string): Promise<boolean> {
      return (await db.dataset.findUnique({ where: { id }, select: { id: true } })) !== null
    },

    /** Newest first. */
    async list({ limit, after }: DatasetQuery): Promise<DatasetSummary[]> {
      const rows = await db.dataset.findMany({
        select: SUMMARY,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
        ...(after !== undefined && { cursor: { id: after }, skip: 1 }),
      })
      return rows.map((row) => ({ ...summaryOf(row), fileCount: row.fileCount }))
    },
  }
}

function summaryOf({ id, size, createdAt }: Row) {
  return { id, size: Number(size), createdAt: createdAt.toISOString() }
}
