// Collects, when everything is over, what the checks judge: what users see over HTTP, what the tables hold, what lies in
// the store, and what runs on the machine.
import { createHash } from 'node:crypto'
import { createArtifactStore } from '@stillhouse/artifacts'
import { createLogger } from '@stillhouse/kit'
import { createQueueProducer } from '@stillhouse/queue'
import { processesWith } from '@stillhouse/testkit'
import { patiently } from '../cluster/patiently.mjs'
import { fingerprint } from './fingerprint.mjs'
import { listBlobs } from './list-blobs.mjs'

/**
 * @typedef {{model: import('./fingerprint.mjs').ModelFile[], metrics: import('./fingerprint.mjs').Point[]}} Reference
 * @typedef {{attempt: number, ending: string | null, code: string | null}} AttemptRow
 * @typedef {{seq: number, type: string, state: string | null}} Event
 * @typedef {Reference & {key: string, kind: number, state: string, failure: string | null, events: Event[], attempts: AttemptRow[]}} FinishedJob
 * @typedef {{team: string, sent: string[], seen: string[]}} TeamView ids of the jobs it sent, and of those it is shown
 * @typedef {{sha256: string, size: number, holder: string}} Named a blob that a row names
 * @typedef {{sha256: string, size: number, actual: string}} Blob `actual`: digest of its content
 * @typedef {{pid: number, parent: number, command: string}} Process
 *
 * @typedef {object} Evidence
 * @property {string[]} wanted keys of the jobs that were to be sent
 * @property {FinishedJob[]} jobs
 * @property {Reference[]} references by kind
 * @property {TeamView[]} teams
 * @property {Named[]} named
 * @property {Blob[]} blobs
 * @property {Process[]} processes of the run
 * @property {{pid: number, kind: 'api' | 'worker'}[]} services that should run
 * @property {string[]} queued attempts that the queue still holds for workers that are there; what is left in the queues of
 *   workers that are gone is deleted with those
 * @property {number} outbox rows that have not gone to the queue
 */

/**
 * @param {import('../cluster/start-cluster.mjs').Cluster} cluster
 * @param {{wanted: readonly {key: string}[], sent: readonly import('../cluster/drive-jobs.mjs').SentJob[], references: Reference[], teams: readonly import('../cluster/teams.mjs').TeamMember[]}} run
 * @returns {Promise<Evidence>}
 */
export async function collectEvidence(cluster, { wanted, sent, references, teams }) {
  const { ledger } = cluster
  const jobs = []
  for (const job of sent) jobs.push(await finishedJob(job, ledger))
  const [{ outbox }] = await ledger.query('SELECT count(*)::int AS outbox FROM outbox')
  return {
    wanted: wanted.map(({ key }) => key),
    jobs,
    references,
    teams: await Promise.all(teams.map((team) => viewOf(team, sent))),
    named: await ledger.query(NAMED),
    blobs: await readBlobs(cluster),
    processes: processesWith(cluster.folder),
    services: servicesOf(cluster),
    queued: await queuedAttempts(cluster),
    outbox,
  }
}

/** Everything that a row can name. */
const NAMED = `
  SELECT sha256, size::float8, 'artifact ' || path || ' of job ' || job_id AS holder FROM artifact
  UNION ALL SELECT file->>'sha256', (file->>'size')::float8, 'checkpoint ' || checkpoint.id
    FROM checkpoint, jsonb_array_elements(files) AS file
  UNION ALL SELECT file->>'sha256', (file->>'size')::float8, 'teacher ' || key
    FROM trained_teacher, jsonb_array_elements(files) AS file
  UNION ALL SELECT file->>'sha256', (file->>'size')::float8, 'model ' || uploaded_model.id
    FROM uploaded_model, jsonb_array_elements(files) AS file
  UNION ALL SELECT file->>'sha256', (file->>'size')::float8, 'data set ' || dataset.id
    FROM dataset, jsonb_array_elements(files) AS file`

/**
 * @param {import('../cluster/drive-jobs.mjs').SentJob} sent
 * @param {import('../cluster/ledger.mjs').Ledger} ledger
 * @returns {Promise<FinishedJob>}
 */
async function finishedJob({ key, kind, team, id }, ledger) {
  const job = await patiently(() => team.client.getJob(id))
  /** @type {Event[]} */
  const events = []
  for await (const event of team.client.watchEvents(id))
    events.push({ seq: event.seq, type: event.type, state: event.type === 'state' ? event.data.state : null })
  const attempts = await ledger.query(
    'SELECT attempt, ending, code FROM job_attempt WHERE job_id = $1::uuid ORDER BY attempt',
    [id],
  )
  const failure = job.failure === null ? null : `${job.failure.code}: ${job.failure.message}`
  return { key, kind, state: job.state, failure, events, attempts, ...(await fingerprint(team.client, id)) }
}

/**
 * @param {import('../cluster/teams.mjs').TeamMember} team
 * @param {readonly import('../cluster/drive-jobs.mjs').SentJob[]} sent
 * @returns {Promise<TeamView>}
 */
async function viewOf(team, sent) {
  /** @type {string[]} */
  const seen = []
  /** @type {string | null} */
  let cursor = null
  do {
    const query = { limit: 50, ...(cursor !== null && { cursor }) }
    const page = await patiently(() => team.client.listJobs(query))
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor !== null)
  return { team: team.name, sent: sent.filter((job) => job.team === team).map(({ id }) => id), seen }
}

/** @param {import('../cluster/start-cluster.mjs').Cluster} cluster @returns {Promise<Blob[]>} */
async function readBlobs({ artifactUrl, s3 }) {
  const store = createArtifactStore(artifactUrl, { ...s3?.env })
  try {
    const blobs = []
    for (const { sha256, size } of await listBlobs(artifactUrl, s3)) {
      const hash = createHash('sha256')
      for await (const chunk of await store.get(sha256)) hash.update(chunk)
      blobs.push({ sha256, size, actual: hash.digest('hex') })
    }
    return blobs
  } finally {
    await store.close()
  }
}

/** @param {import('../cluster/start-cluster.mjs').Cluster} cluster @returns {Evidence['services']} */
function servicesOf({ replicas, workers }) {
  return [
    ...replicas.map((service) => ({ pid: service.current().pid, kind: /** @type {const} */ ('api') })),
    ...workers.map((service) => ({ pid: service.current().pid, kind: /** @type {const} */ ('worker') })),
  ]
}

/**
 * Asks the queue for every attempt that was ever handed to it.
 * @param {import('../cluster/start-cluster.mjs').Cluster} cluster
 */
async function queuedAttempts({ ledger, queueUrl }) {
  const handedOver = await ledger.query(`SELECT job_id AS "jobId", attempt, worker.id AS "workerId"
    FROM job_attempt CROSS JOIN worker
    WHERE worker.state = 'active' AND (worker.id = worker_id OR worker_id IS NULL)`)
  const queue = await createQueueProducer(queueUrl, { logger: createLogger('chaos') })
  try {
    const held = []
    for (const { jobId, attempt, workerId } of handedOver)
      if (await queue.has({ jobId, attempt }, workerId)) held.push(`attempt ${attempt} of job ${jobId}`)
    return held
  } finally {
    await queue.close()
  }
}
