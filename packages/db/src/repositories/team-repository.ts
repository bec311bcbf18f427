// Teams: their quotas, and how much of them is in use.
import type { TeamQuotas, TeamUsage } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma, type Team as Stored } from '../generated/client.ts'
import { GPU_SECONDS, GPUS_HELD, HELD_NOW, MONTH, OWN_USE } from './team-usage.ts'

/** Whose rows may be seen: those of one team, or (null) everybody's. */
export type TeamFence = string | null

export interface TeamRow {
  readonly id: string
  readonly name: string
  readonly weight: number
  readonly quotas: TeamQuotas
  readonly createdAt: Date
}

/** What a team uses of the machines, and how much more it may. */
export interface Standing {
  readonly teamId: string
  readonly name: string
  readonly weight: number
  /** Its recent use in weighted slot-seconds, halved with every half-life. */
  readonly usage: number
  /** Jobs that run or were handed out. */
  readonly active: number
  /** GPUs that they hold. */
  readonly gpus: number
  /** Of this calendar month. */
  readonly gpuHours: number
  readonly maxRunning: number | null
  readonly maxGpus: number | null
  readonly maxGpuHours: number | null
}

const QUEUED = Prisma.sql`(SELECT count(*)::int FROM job WHERE job.team_id = team.id AND state IN ('blocked', 'queued'))`
const ARTIFACT_BYTES = Prisma.sql`(SELECT coalesce(sum(size), 0)::float8 FROM artifact JOIN job ON job.id = artifact.job_id
  WHERE job.team_id = team.id)`
const USAGE = Prisma.sql`
  (SELECT count(*)::int FROM job WHERE job.team_id = team.id AND state IN ('running', 'dispatched')) AS running,
  ${QUEUED} AS queued, ${ARTIFACT_BYTES} AS "artifactBytes", ${GPUS_HELD} AS gpus, ${GPU_SECONDS} / 3600 AS "gpuHours"`
const NOTHING: TeamUsage = { running: 0, queued: 0, artifactBytes: 0, gpus: 0, gpuHours: 0 }

export function createTeamRepository(db: Connection) {
  const rowOf = (stored: Stored | null): TeamRow | null => stored && teamRow(stored)
  return {
    /** Writes a new team; false when its id or its name is taken. */
    async insert({ id, name, weight, quotas }: Omit<TeamRow, 'createdAt'>): Promise<boolean> {
      const { maxRunning, maxQueued, maxArtifactBytes, maxGpus, maxGpuHours } = quotas
      const written = await db.$executeRaw`
        INSERT INTO team (id, name, weight, max_running, max_queued, max_artifact_bytes, max_gpus, max_gpu_hours)
        VALUES (${id}::uuid, ${name}, ${weight}::float8, ${maxRunning}::int, ${maxQueued}::int,
          ${maxArtifactBytes}::bigint, ${maxGpus}::int, ${maxGpuHours}::float8)
        ON CONFLICT DO NOTHING`
      return written === 1
    },

    async findByName(name: string): Promise<TeamRow | null> {
      return rowOf(await db.team.findUnique({ where: { name } }))
    },

    /** The team, locked until the end of the transaction. */
    async lock(id: string): Promise<TeamRow | null> {
      await db.$executeRaw`SELECT 1 FROM team WHERE id = ${id}::uuid FOR NO KEY UPDATE`
      return rowOf(await db.team.findUnique({ where: { id } }))
    },

    /**
     * The team if it may not send as much as it likes, locked so that what is counted stays true; null if it may, and
     * then its members do not wait for each other.
     */
    async lockIfBounded(id: string): Promise<TeamRow | null> {
      const bounded = await db.$executeRaw`SELECT 1 FROM team WHERE id = ${id}::uuid
        AND (max_queued IS NOT NULL OR max_artifact_bytes IS NOT NULL) FOR NO KEY UPDATE`
      return bounded === 0 ? null : rowOf(await db.team.findUnique({ where: { id } }))
    },

    async change({ id, weight, quotas }: Pick<TeamRow, 'id' | 'weight' | 'quotas'>): Promise<void> {
      const { maxRunning, maxQueued, maxArtifactBytes, maxGpus, maxGpuHours } = quotas
      await db.$executeRaw`UPDATE team SET weight = ${weight}::float8, max_running = ${maxRunning}::int,
        max_queued = ${maxQueued}::int, max_artifact_bytes = ${maxArtifactBytes}::bigint, max_gpus = ${maxGpus}::int,
        max_gpu_hours = ${maxGpuHours}::float8 WHERE id = ${id}::uuid`
    },

    async usage(id: string): Promise<TeamUsage> {
      const rows = await db.$queryRaw<TeamUsage[]>`SELECT ${USAGE} FROM team WHERE id = ${id}::uuid`
      return rows[0] ?? NOTHING
    },

    /** Jobs that wait, for a slot or for other jobs. */
    async queued(id: string): Promise<number> {
      const rows = await db.$queryRaw<{ queued: number }[]>`SELECT ${QUEUED} AS queued FROM team WHERE id = ${id}::uuid`
      return rows[0]?.queued ?? 0
    },

    /** Bytes of the artifacts of all its jobs. */
    async artifactBytes(id: string): Promise<number> {
      const rows = await db.$queryRaw<{ bytes: number }[]>`
        SELECT ${ARTIFACT_BYTES} AS bytes FROM team WHERE id = ${id}::uuid`
      return rows[0]?.bytes ?? 0
    },

    /** By name. */
    async list(fence: TeamFence): Promise<(TeamRow & { usage: TeamUsage })[]> {
      const stored = await db.team.findMany({
        ...(fence !== null && { where: { id: fence } }),
        orderBy: { name: 'asc' },
      })
      const used = await db.$queryRaw<(TeamUsage & { id: string })[]>`SELECT id, ${USAGE} FROM team
        WHERE ${fence}::uuid IS NULL OR id = ${fence}::uuid`
      const usages = new Map(used.map(({ id, ...usage }) => [id, usage]))
      return stored.map((row) => ({
        ...teamRow(row),
        usage: usages.get(row.id) ?? NOTHING,
      }))
    },

    /** Of every team, in the order in which they were made. */
    async standings(): Promise<Standing[]> {
      return db.$queryRaw`
        SELECT team.id AS "teamId", name, weight, ${OWN_USE} + coalesce(held.charge, 0) AS usage,
          coalesce(held.active, 0) AS active, coalesce(held.gpus, 0) AS gpus,
          (coalesce(spent.gpu_seconds, 0) + coalesce(held.gpu_seconds, 0)) / 3600 AS "gpuHours",
          max_running AS "maxRunning", max_gpus AS "maxGpus", max_gpu_hours AS "maxGpuHours"
        FROM team LEFT JOIN (${HELD_NOW}) AS held ON held.team_id = team.id
        LEFT JOIN team_month AS spent ON spent.team_id = team.id AND spent.month = ${MONTH}::date
        ORDER BY team.id`
    },
  }
}

function teamRow(stored: Stored): TeamRow {
  const { id, name, weight, maxRunning, maxQueued, maxArtifactBytes, maxGpus, maxGpuHours, createdAt } = stored
  const bytes = maxArtifactBytes === null ? null : Number(maxArtifactBytes)
  const quotas = { maxRunning, maxQueued, maxArtifactBytes: bytes, maxGpus, maxGpuHours }
  return { id, name, weight, quotas, createdAt }
}
