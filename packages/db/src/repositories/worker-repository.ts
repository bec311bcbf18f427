// Workers: who is there, with how many slots, and when each was last heard of.
import type {
  JobProgress,
  RegisterWorker,
  Worker,
  WorkerFeature,
  WorkerHeartbeat,
  WorkerJob,
  WorkerMode,
} from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { secondsSql } from './job-move.ts'
import { takesJobs } from './takes-jobs.ts'

/** A worker that takes jobs, and how full it is. */
export interface Room {
  readonly id: string
  readonly name: string
  readonly slots: number
  /** Jobs that it runs. */
  readonly running: number
  /** Jobs handed over to it and not claimed yet. */
  readonly dispatched: number
  readonly devices: readonly Readonly<Worker['devices'][number]>[]
  readonly labels: Worker['labels']
  /** Of the machine, GB; null when it does not say. */
  readonly memoryGb: number | null
  /** GB that the jobs it has asked for. */
  readonly memoryHeldGb: number
  readonly features: readonly WorkerFeature[]
}

/** A job that a worker runs or shall take. */
export interface HeldJob extends Omit<WorkerJob, 'progress'> {
  readonly workerId: string
  readonly teamId: string
  readonly state: 'dispatched' | 'running'
  readonly progress: JobProgress | null
}

/** A worker without what depends on who asks. */
export type WorkerRow = Omit<Worker, 'jobs'>

/** What the dispatcher may fill. */
export interface Capacity {
  /** By name. */
  readonly workers: readonly Room[]
  readonly draining: number
}

export function createWorkerRepository(db: Connection) {
  return {
    /** A worker of this id and name that was known before is back, as it is now. False when the id is another's. */
    async insert(id: string, worker: RegisterWorker): Promise<boolean> {
      const { name, host, version, slots, devices, labels = {}, memoryGb = null, features = [] } = worker
      // an administrator's word holds for the machine, not for one start of its worker
      const mode = Prisma.sql`coalesce((SELECT mode FROM worker WHERE name = ${name} AND host = ${host}
        ORDER BY registered_at DESC, id DESC LIMIT 1), 'active')`
      const written = await db.$executeRaw`INSERT INTO worker
          (id, name, host, version, slots, devices, labels, memory_gb, features, mode)
        VALUES (${id}::uuid, ${name}, ${host}, ${version}, ${slots}::int, ${JSON.stringify(devices)}::json,
          ${JSON.stringify(labels)}::json, ${memoryGb}::float8, ${features}::text[], ${mode})
        ON CONFLICT (id) DO UPDATE SET state = 'active', last_seen_at = clock_timestamp(), version = excluded.version,
          slots = excluded.slots, devices = excluded.devices, labels = excluded.labels,
          memory_gb = excluded.memory_gb, features = excluded.features
          WHERE worker.name = excluded.name AND worker.host = excluded.host`
      return written === 1
    },

    /** Notes a sign of life; answers the state before and what the worker understands, or null for an unknown one. */
    async seen(
      id: string,
      state: WorkerHeartbeat['state'],
    ): Promise<{ before: Worker['state']; features: WorkerFeature[] } | null> {
      const rows = await db.$queryRaw<{ before: Worker['state']; features: WorkerFeature[] }[]>`
        /* prepared note_heartbeat */ WITH old AS (SELECT id, state FROM worker WHERE id = ${id}::uuid FOR NO KEY UPDATE)
        UPDATE worker SET last_seen_at = clock_timestamp(), state = ${state}::worker_state FROM old
        WHERE worker.id = old.id RETURNING old.state::text AS before, worker.features`
      return rows[0] ?? null
    },

    async exists(id: string): Promise<boolean> {
      return (await db.worker.count({ where: { id } })) > 0
    },

    /** Marks a worker that signed off. False when there is none with this id. */
    async remove(id: string): Promise<boolean> {
      const written = await db.$executeRaw`UPDATE worker SET state = 'gone' WHERE id = ${id}::uuid`
      return written === 1
    },

    /** Marks workers as gone that were not heard of for so long; answers which. */
    async retire(silentSeconds: number): Promise<{ id: string; name: string }[]> {
      return db.$queryRaw<{ id: string; name: string }[]>`UPDATE worker SET state = 'gone'
        WHERE state <> 'gone' AND last_seen_at < clock_timestamp() - ${secondsSql(silentSeconds)} RETURNING id, name`
    },

    /**
     * Forgets workers that have been gone for so long and hold nothing; answers their ids. What an administrator wants of a
     * machine is kept with the last start of its worker.
     */
    async forget(silentSeconds: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`DELETE FROM worker
        WHERE state = 'gone' AND last_seen_at < clock_timestamp() - ${secondsSql(silentSeconds)}
          AND NOT EXISTS (SELECT 1 FROM job WHERE job.worker_id = worker.id AND job.state IN ('dispatched', 'running'))
          AND (mode = 'active' OR EXISTS (SELECT 1 FROM worker AS later WHERE later.name = worker.name
            AND later.host = worker.host AND (later.registered_at, later.id) > (worker.registered_at, worker.id)))
        RETURNING id`
      return rows.map((row) => row.id)
    },

    /** The worker, locked until the end of the transaction. */
    async lock(id: string): Promise<{ name: string; mode: WorkerMode; features: WorkerFeature[] } | null> {
      const rows = await db.$queryRaw<{ name: string; mode: WorkerMode; features: WorkerFeature[] }[]>`
        SELECT name, mode::text, features FROM worker WHERE id = ${id}::uuid FOR NO KEY UPDATE`
      return rows[0] ?? null
    },

    /** What an administrator wants of it, and of whatever the same machine starts under this name. */
    async setMode(id: string, mode: WorkerMode): Promise<void> {
      await db.$executeRaw`UPDATE worker SET mode = ${mode}::worker_mode
        FROM worker AS chosen WHERE chosen.id = ${id}::uuid AND (worker.id = chosen.id
          OR worker.state = 'gone' AND worker.name = chosen.name AND worker.host = chosen.host)`
    },

    /** Jobs that workers run or shall take, oldest first. */
    async held(workerId: string | null): Promise<HeldJob[]> {
      return db.$queryRaw<HeldJob[]>`
        SELECT job.worker_id AS "workerId", job.id, job.name, job.team_id AS "teamId", team.name AS team, job.attempt,
          job.state::text, job.progress, job.stop_reason AS "stopReason"
        FROM job JOIN team ON team.id = job.team_id
        WHERE job.state IN ('dispatched', 'running') AND job.worker_id IS NOT NULL
          AND (${workerId}::uuid IS NULL OR job.worker_id = ${workerId}::uuid)
        ORDER BY job.id`
    },

    /** Gives it no more jobs; false when it gets none anyway or is the last that does. */
    async cordonUnlessLast(id: string, seenWithinSeconds: number): Promise<boolean> {
      const written = await db.$executeRaw`UPDATE worker AS suspect SET mode = 'cordoned'
        WHERE id = ${id}::uuid AND mode = 'active' AND EXISTS (
          SELECT 1 FROM worker WHERE worker.id <> suspect.id AND ${takesJobs(seenWithinSeconds)})`
      return written === 1
    },

    async nameOf(id: string): Promise<string | null> {
      return (await db.worker.findUnique({ where: { id }, select: { name: true } }))?.name ?? null
    },

    /** Its name, and whether it was heard of within so many seconds; null when it is forgotten. */
    async standing(id: string, withinSeconds: number): Promise<{ name: string; heard: boolean } | null> {
      const rows = await db.$queryRaw<{ name: string; heard: boolean }[]>`
        SELECT name, last_seen_at > clock_timestamp() - ${secondsSql(withinSeconds)} AS heard
        FROM worker WHERE id = ${id}::uuid`
      return rows[0] ?? null
    },

    /** @param id only this one */
    async list(id: string | null = null): Promise<WorkerRow[]> {
      const rows = await db.$queryRaw<(Omit<WorkerRow, 'lastSeenAt'> & { lastSeenAt: Date })[]>`
        SELECT id, name, host, version, state::text, mode::text, slots, devices, labels, memory_gb AS "memoryGb",
          last_seen_at AS "lastSeenAt", 'hand-back' = ANY(features) AS "handsBack",
          (SELECT count(*)::int FROM job WHERE job.worker_id = worker.id AND job.state = 'running') AS busy
        FROM worker WHERE ${id}::uuid IS NULL OR id = ${id}::uuid ORDER BY state, name, id`
      return rows.map(({ lastSeenAt, ...worker }) => ({ ...worker, lastSeenAt: lastSeenAt.toISOString() }))
    },

    async capacity(seenWithinSeconds: number): Promise<Capacity> {
      const workers = await db.$queryRaw<Room[]>`
        /* prepared list_rooms */ SELECT id, name, slots, devices, labels, memory_gb AS "memoryGb", features,
          coalesce(held.running, 0) AS running, coalesce(held.dispatched, 0) AS dispatched,
          coalesce(held.memory, 0) AS "memoryHeldGb"
        FROM worker LEFT JOIN (
          SELECT worker_id, count(*) FILTER (WHERE state = 'running')::int AS running,
            count(*) FILTER (WHERE state = 'dispatched')::int AS dispatched,
            sum((nullif(needs, '')::json ->> 'memoryGb')::float8) AS memory
          FROM job WHERE state IN ('running', 'dispatched') GROUP BY worker_id
        ) AS held ON held.worker_id = worker.id
        WHERE ${takesJobs(seenWithinSeconds)} ORDER BY name, id`
      const leaving = await db.$queryRaw<{ count: number }[]>`SELECT count(*)::int FROM worker
        WHERE state = 'draining' OR state = 'active' AND mode <> 'active'`
      return { workers, draining: leaving[0]?.count ?? 0 }
    },
  }
}
