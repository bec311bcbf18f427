// Looks into the database from outside, as an auditor: what the service says of itself is checked against it.
import pg from 'pg'

/**
 * @typedef {{id: string, state: string, attempt: number, eventSeq: number, worker: string | null}} JobNow
 * @typedef {{name: string, state: string, seenAt: number, registeredAt: number}} WorkerNow milliseconds since 1970, by the database's clock
 */

/** @param {string} url */
export function openLedger(url) {
  const pool = new pg.Pool({ connectionString: url, max: 3, connectionTimeoutMillis: 3000, query_timeout: 20_000 })
  // connections of a server that was restarted
  pool.on('error', () => {})
  /** @param {string} sql @param {unknown[]} [values] @returns {Promise<any[]>} */
  const query = async (sql, values = []) => (await pool.query(sql, values)).rows
  return {
    query,
    /** @returns {Promise<JobNow[]>} */
    jobs: () =>
      query(`SELECT job.id, job.state::text, job.attempt, job.event_seq AS "eventSeq", worker.name AS worker
        FROM job LEFT JOIN worker ON worker.id = job.worker_id AND job.state IN ('dispatched', 'running')`),
    /** @returns {Promise<WorkerNow[]>} the newest registration of each name */
    workers: () =>
      query(`SELECT DISTINCT ON (name) name, state::text, extract(epoch FROM last_seen_at)::float8 * 1000 AS "seenAt",
          extract(epoch FROM registered_at)::float8 * 1000 AS "registeredAt"
        FROM worker ORDER BY name, registered_at DESC`),
    /** @returns {Promise<number>} attempts begun since that moment */
    startsSince: async (/** @type {number} */ moment) =>
      (
        await query('SELECT count(*)::int AS starts FROM job_attempt WHERE started_at > to_timestamp($1)', [
          moment / 1000,
        ])
      )[0].starts,
    close: () => pool.end(),
  }
}

/** @typedef {ReturnType<typeof openLedger>} Ledger */
