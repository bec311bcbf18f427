// Workers: who is there, with how many slots, and when each was last heard of.
import type { RegisterWorker, Worker, WorkerHeartbeat } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import { Prisma } from '../generated/client.ts'
import { secondsSql } from './job-move.ts'

/** What the dispatcher may fill. */
export interface Capacity {
  /** Names of the workers that take jobs now. */
  readonly workers: readonly string[]
  readonly draining: number
  /** Whether a worker that takes jobs now has a GPU. */
  readonly gpu: boolean
  /** Slots of the workers that take jobs now. */
  readonly slots: number
  /** Jobs running on those. */
  readonly busy: number
  /** Jobs handed over and not claimed yet. */
  readonly dispatched: number
}

/** A worker that takes jobs: active, and heard of within so many seconds. */
const takesJobs = (withinSeconds: number): Prisma.Sql =>
  Prisma.sql`worker.state = 'active' AND worker.last_seen_at > clock_timestamp() - ${secondsSql(withinSeconds)}`

// matched as text: -> and ->> fail on a document that holds a NUL or half a surrogate pair, and would stop the dispatcher
const HAS_GPU = Prisma.sql`worker.devices::text LIKE '%"kind":"gpu"%'`

export function createWorkerRepository(db: Connection) {
  return {
    async insert(id: string, worker: RegisterWorker): Promise<void> {
      const { name, host, version, slots, devices } = worker
      await db.$executeRaw`INSERT INTO worker (id, name, host, version, slots, devices)
        VALUES (${id}::uuid, ${name}, ${host}, ${version}, ${slots}::int, ${JSON.stringify(devices)}::json)
        ON CONFLICT DO NOTHING`
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

    /** Marks workers as gone that were not heard of for so long; answers their names. */
    async retire(silentSeconds: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ name: string }[]>`UPDATE worker SET state = 'gone'
        WHERE state <> 'gone' AND last_seen_at < clock_timestamp() - ${secondsSql(silentSeconds)} RETURNING name`
      return rows.map((row) => row.name)
    },

    /** Forgets workers that have been gone for so long. */
    async forget(silentSeconds: number): Promise<void> {
      await db.$executeRaw`DELETE FROM worker
        WHERE state = 'gone' AND last_seen_at < clock_timestamp() - ${secondsSql(silentSeconds)}`
    },

    async nameOf(id: string): Promise<string | null> {
      return (await db.worker.findUnique({ where: { id }, select: { name: true } }))?.name ?? null
    },

    async list(): Promise<Worker[]> {
      const rows = await db.$queryRaw<(Omit<Worker, 'lastSeenAt'> & { lastSeenAt: Date })[]>`
        SELECT id, name, host, version, state::text, slots, devices, last_seen_at AS "lastSeenAt",
          (SELECT count(*)::int FROM job WHERE job.worker_id = worker.id AND job.state = 'running') AS busy
        FROM worker ORDER BY state, name, id`
      return rows.map(({ lastSeenAt, ...worker }) => ({ ...worker, lastSeenAt: lastSeenAt.toISOString() }))
    },

    async capacity(seenWithinSeconds: number): Promise<Capacity> {
      const live = takesJobs(seenWithinSeconds)
      const rows = await db.$queryRaw<Capacity[]>`
        SELECT
          (SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM worker WHERE ${live}) AS workers,
          (SELECT count(*)::int FROM worker WHERE state = 'draining') AS draining,
          EXISTS (SELECT FROM worker WHERE ${live} AND ${HAS_GPU}) AS gpu,
          (SELECT coalesce(sum(slots), 0)::int FROM worker WHERE ${live}) AS slots,
          (SELECT count(*)::int FROM job JOIN worker ON worker.id = job.worker_id
            WHERE job.state = 'running' AND ${live}) AS busy,
          (SELECT count(*)::int FROM job WHERE state = 'dispatched') AS dispatched`
      return rows[0] as Capacity
    },
  }
}
