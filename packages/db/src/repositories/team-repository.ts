// Teams: their quotas, and how much of them is in use.
import type { TeamQuotas, TeamUsage } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma, type Team as Stored } from '../generated/client.ts'
import { GPU_SECONDS, GPUS_HELD } from './team-usage.ts'

/** Whose rows may be seen: those of one team, or (null) everybody's. */
export type TeamFence = string | null

export interface TeamRow {
  readonly id: string
  readonly name: string
  readonly weight: number
  readonly quotas: TeamQuotas
  readonly createdAt: Date
}

/** A team that may not run as many jobs at a time as there are slots. */
export interface TeamLimit {
  readonly teamId: string
  readonly name: string
  readonly maxRunning: number
  /** Jobs that run or were handed out. */
  readonly active: number
  /** Jobs that may be handed out now. */
  readonly allowance: number
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

    /** The teams with a limit on running jobs; those without are not in the answer. */
    async limits(): Promise<TeamLimit[]> {
      const rows = await db.$queryRaw<Omit<TeamLimit, 'allowance'>[]>`
        SELECT id AS "teamId", name, max_running AS "maxRunning",
          (SELECT count(*)::int FROM job WHERE job.team_id = team.id AND state IN ('running', 'dispatched')) AS active
        FROM team WHERE max_running IS NOT NULL`
      return rows.map((row) => ({ ...row, allowance: Math.max(0, row.maxRunning - row.active) }))
    },
  }
}

function teamRow(stored: Stored): TeamRow {
  const { id, name, weight, maxRunning, maxQueued, maxArtifactBytes, maxGpus, maxGpuHours, createdAt } = stored
  const bytes = maxArtifactBytes === null ? null : Number(maxArtifactBytes)
  const quotas = { maxRunning, maxQueued, maxArtifactBytes: bytes, maxGpus, maxGpuHours }
  return { id, name, weight, quotas, createdAt }
}
