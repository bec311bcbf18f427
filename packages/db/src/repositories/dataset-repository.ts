// Data sets sent by users. The id is the hash of the manifest, so saving one again changes nothing; which teams may see
// it stands beside it.
import type { Dataset, DatasetFile, DatasetSummary } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { TeamFence } from './team-repository.ts'

export interface DatasetQuery {
  readonly fence: TeamFence
  readonly limit: number
  /** Id of a data set: those after it in the list. */
  readonly after?: string
}

const SUMMARY = { id: true, size: true, fileCount: true, createdAt: true } as const
const NEWEST_FIRST = 'desc'

interface Row {
  readonly id: string
  readonly size: bigint
  readonly createdAt: Date
}

export function createDatasetRepository(db: Connection) {
  const linkOf = (id: string, teamId: string) =>
    db.teamDataset.findUnique({ where: { teamId_datasetId: { teamId, datasetId: id } } })

  const listOfTeam = async (teamId: string, { limit, after }: DatasetQuery): Promise<DatasetSummary[]> => {
    const links = await db.teamDataset.findMany({
      where: { teamId },
      select: { createdAt: true, dataset: { select: SUMMARY } },
      orderBy: [{ createdAt: NEWEST_FIRST }, { datasetId: NEWEST_FIRST }],
      take: limit,
      ...(after !== undefined && { cursor: { teamId_datasetId: { teamId, datasetId: after } }, skip: 1 }),
    })
    return links.map(({ createdAt, dataset }) => ({
      ...summaryOf({ ...dataset, createdAt }),
      fileCount: dataset.fileCount,
    }))
  }

  const listAll = async ({ limit, after }: DatasetQuery): Promise<DatasetSummary[]> => {
    const rows = await db.dataset.findMany({
      select: SUMMARY,
      orderBy: [{ createdAt: NEWEST_FIRST }, { id: NEWEST_FIRST }],
      take: limit,
      ...(after !== undefined && { cursor: { id: after }, skip: 1 }),
    })
    return rows.map((row) => ({ ...summaryOf(row), fileCount: row.fileCount }))
  }

  return {
    /** Answers whether it is new to the team; whether others have it, nobody is told. */
    async save(teamId: string, id: string, files: readonly DatasetFile[]): Promise<boolean> {
      const size = files.reduce((sum, file) => sum + file.size, 0)
      await db.$executeRaw`
        INSERT INTO dataset (id, size, file_count, files)
        VALUES (${id}, ${size}::bigint, ${files.length}::int, ${JSON.stringify(files)}::jsonb)
        ON CONFLICT DO NOTHING`
      const count = await db.$executeRaw`INSERT INTO team_dataset (team_id, dataset_id) VALUES (${teamId}::uuid, ${id})
        ON CONFLICT DO NOTHING`
      return count === 1
    },

    /** For a team, since it has it. */
    async find(id: string, fence: TeamFence): Promise<Dataset | null> {
      const link = fence === null ? null : await linkOf(id, fence)
      if (fence !== null && link === null) return null
      const row = await db.dataset.findUnique({ where: { id } })
      if (!row) return null
      const createdAt = link?.createdAt ?? row.createdAt
      return { ...summaryOf({ ...row, createdAt }), files: row.files as unknown as DatasetFile[] }
    },

    async exists(id: string, fence: TeamFence): Promise<boolean> {
      if (fence !== null) return (await linkOf(id, fence)) !== null
      return (await db.dataset.findUnique({ where: { id }, select: { id: true } })) !== null
    },

    /** Newest first. */
    async list(query: DatasetQuery): Promise<DatasetSummary[]> {
      return query.fence === null ? listAll(query) : listOfTeam(query.fence, query)
    },
  }
}

function summaryOf({ id, size, createdAt }: Row) {
  return { id, size: Number(size), createdAt: createdAt.toISOString() }
}
