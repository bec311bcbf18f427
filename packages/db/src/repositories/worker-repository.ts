// Workers: who is there, with how many slots, and when each was last heard of.
import type { RegisterWorker, Worker, WorkerFeature, WorkerHeartbeat, WorkerMode } from '@stillhouse/spec'
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

    /** Notes a sign of life; answers the state before, or null for an unknown worker. */
    async seen(id: string, state: WorkerHeartbeat['state']): Promise<Worker['state'] | null> {
      const rows = await db.$queryRaw<{ before: Worker['state'] }[]>`
        WITH old AS (SELECT id, state FROM worker WHERE id = ${id}::uuid FOR NO KEY UPDATE)
        UPDATE worker SET last_seen_at = clock_timestamp(), state = ${state}::worker_state FROM old
        WHERE worker.id = old.id RETURNING old.state::text AS before`
      return rows[0]?.before ?? null
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

    /** Forgets workers that have been gone for so long and hold nothing; answers their ids. */
    async forget(silentSeconds: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`DELETE FROM worker
        WHERE state = 'gone' AND mode = 'active' AND last_seen_at < clock_timestamp() - ${secondsSql(silentSeconds)}
          AND NOT EXISTS (SELECT 1 FROM job WHERE job.worker_id = worker.id AND job.state IN ('dispatched', 'running'))
        RETURNING id`
      return rows.map((row) => row.id)
    },

    /** What an administrator wants of it; false when there is none with this id. */
    async setMode(id: string, mode: WorkerMode): Promise<boolean> {
      const written = await db.$executeRaw`UPDATE worker SET mode = ${mode}::worker_mode WHERE id = ${id}::uuid`
      return written === 1
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

    async list(): Promise<Worker[]> {
      const rows = await db.$queryRaw<(Omit<Worker, 'lastSeenAt'> & { lastSeenAt: Date })[]>`
        SELECT id, name, host, version, state::text, mode::text, slots, devices, labels, memory_gb AS "memoryGb",
          last_seen_at AS "lastSeenAt",
          (SELECT count(*)::int FROM job WHERE job.worker_id = worker.id AND job.state = 'running') AS busy
        FROM worker ORDER BY state, name, id`
      return rows.map(({ lastSeenAt, ...worker }) => ({ ...worker, lastSeenAt: lastSeenAt.toISOString() }))
    },

    async capacity(seenWithinSeconds: number): Promise<Capacity> {
      const workers = await db.$queryRaw<Room[]>`
        SELECT id, name, slots, devices, labels, memory_gb AS "memoryGb", features,
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
