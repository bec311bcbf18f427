// One run from beginning to end: a cluster, undisturbed references, jobs under fire, the evidence, the judges. What
// `npm run chaos` does at length and the test of it in short.
import { setTimeout as sleep } from 'node:timers/promises'
import { processesWith } from '@stillhouse/testkit'
import { driveJobs } from './cluster/drive-jobs.mjs'
import { startCluster } from './cluster/start-cluster.mjs'
import { makeTeams } from './cluster/teams.mjs'
import { faultKinds } from './faults/fault-kinds.mjs'
import { injectFaults } from './faults/inject-faults.mjs'
import { planFaults } from './faults/plan-faults.mjs'
import { JOBS, jobList } from './jobs.mjs'
import { CHECKS } from './verify/checks.mjs'
import { collectEvidence } from './verify/evidence.mjs'
import { listBlobs } from './verify/list-blobs.mjs'
import { runReferences } from './verify/references.mjs'

const PROGRESS_MS = 10_000
/** How long the last loose ends may take: an idle trainer starts, an order to the queue goes out. */
const SETTLE_MS = 30_000
/** The service looks at some 20 files a second. */
const CLEAR_MS = 120_000

/**
 * @typedef {object} ChaosOptions
 * @property {import('./options.mjs').Backend} backend
 * @property {number} seed
 * @property {number} jobs
 * @property {number} faults
 * @property {number} minutes
 * @property {number} [kinds] how many of the distinct jobs; default: all
 * @property {boolean} [keep]
 * @property {(kind: import('./faults/fault-kinds.mjs').FaultKind) => boolean} [among] which kinds of faults; default: all
 * @property {(line: string) => void} say
 *
 * @typedef {object} ChaosResult
 * @property {import('./options.mjs').Backend} backend
 * @property {number} seed
 * @property {number} jobs
 * @property {number} attempts of all jobs together
 * @property {number} referenceSeconds
 * @property {number} chaosSeconds
 * @property {import('./faults/inject-faults.mjs').FaultRecord[]} faults
 * @property {Record<string, number>} endings how attempts ended, with the code of the failure if one did it → how many
 * @property {{blobs: number, cleared: number}} store files at the end, and those that were cleared away before
 * @property {number} points of metrics that were compared
 * @property {{check: string, wrong: string[]}[]} checks
 */

/** @param {ChaosOptions} options @returns {Promise<ChaosResult>} */
export async function runChaos({ keep = false, ...options }) {
  const { backend, say } = options
  const cluster = await startCluster(backend)
  let kept = keep
  try {
    say(`two API replicas and three workers are up, the queue on ${backend === 'redis' ? 'Redis' : 'PostgreSQL'}`)
    const result = await disturb(cluster, options)
    kept ||= result.checks.some(({ wrong }) => wrong.length > 0)
    return result
  } catch (error) {
    kept = true
    throw error
  } finally {
    if (kept) say(`logs of the processes: ${cluster.folder}/logs`)
    await cluster.stop({ keep: kept })
  }
}

/** @param {import('./cluster/start-cluster.mjs').Cluster} cluster @param {ChaosOptions} options @returns {Promise<ChaosResult>} */
async function disturb(
  cluster,
  { backend, seed, jobs, faults, minutes, kinds = JOBS.length, among = () => true, say },
) {
  const teams = await makeTeams(cluster)
  const wanted = jobList(jobs, kinds)
  const began = performance.now()
  const references = await runReferences(cluster.calm, kinds)
  const referenceSeconds = secondsSince(began)
  say(
    `${kinds} undisturbed runs took ${referenceSeconds.toFixed(0)} s; now ${jobs} jobs and ${faults} faults, seed ${seed}`,
  )

  const fired = performance.now()
  const signal = AbortSignal.timeout(minutes * 60_000)
  const drive = driveJobs(cluster, { wanted, teams, signal })
  const plan = planFaults(faultKinds(backend).filter(among), { seed, count: faults })
  const tell = (/** @type {string} */ line) => say(`${secondsSince(fired).toFixed(1).padStart(6)} s  ${line}`)
  const progress = setInterval(() => tell(`${drive.finished()} of ${jobs} jobs finished`), PROGRESS_MS)
  try {
    const arena = { cluster, jobs: drive.jobs, share: drive.share, signal, say: tell }
    const [records] = await Promise.all([injectFaults(plan, arena), drive.done])
    const chaosSeconds = secondsSince(fired)
    if (signal.aborted) say(`GIVEN UP after ${minutes} minutes: ${drive.finished()} of ${jobs} jobs finished`)
    await settled(cluster)
    const before = (await listBlobs(cluster.artifactUrl, cluster.s3)).length
    await clearAway(cluster)
    const evidence = await collectEvidence(cluster, { wanted, sent: drive.sent, references, teams })
    return {
      backend,
      seed,
      jobs,
      attempts: evidence.jobs.reduce((sum, job) => sum + job.attempts.length, 0),
      referenceSeconds,
      chaosSeconds,
      faults: records,
      endings: countEndings(evidence),
      store: { blobs: evidence.blobs.length, cleared: before - evidence.blobs.length },
      points: evidence.jobs.reduce((sum, job) => sum + job.metrics.length, 0),
      checks: [
        { check: 'every fault was survived', wrong: notSurvived(records) },
        ...Object.entries(CHECKS).map(([check, judge]) => ({ check, wrong: judge(evidence) })),
      ],
    }
  } finally {
    clearInterval(progress)
  }
}

/** @param {readonly import('./faults/inject-faults.mjs').FaultRecord[]} records */
function notSurvived(records) {
  return records
    .filter(({ target, recoverySeconds }) => target !== null && recoverySeconds === null)
    .map(({ kind, target, atSeconds }) => `${kind} (${target}, at ${atSeconds.toFixed(1)} s) was not over in time`)
}

/** @param {import('./verify/evidence.mjs').Evidence} evidence */
function countEndings({ jobs }) {
  /** @type {Record<string, number>} */
  const counts = {}
  for (const { ending, code } of jobs.flatMap(({ attempts }) => attempts)) {
    const how = code ?? ending ?? 'no end'
    counts[how] = (counts[how] ?? 0) + 1
  }
  return counts
}

/** @param {import('./cluster/start-cluster.mjs').Cluster} cluster */
async function settled({ ledger, workers, folder }) {
  const end = performance.now() + SETTLE_MS
  while (performance.now() < end) {
    const [{ waiting }] = await ledger.query('SELECT count(*)::int AS waiting FROM outbox')
    const trainers = processesWith(folder).filter(({ command }) => command.includes('apps/trainer')).length
    if (waiting === 0 && trainers === workers.length) return
    await sleep(500)
  }
}

/**
 * Has the service look through its store now and not in a day, so that afterwards every file must be one that a row names.
 * @param {import('./cluster/start-cluster.mjs').Cluster} cluster
 */
async function clearAway({ ledger }) {
  await ledger.query('UPDATE stale_blob SET due_at = clock_timestamp()')
  const end = performance.now() + CLEAR_MS
  while (performance.now() < end) {
    const [{ listed }] = await ledger.query('SELECT count(*)::int AS listed FROM stale_blob')
    if (listed === 0) return
    await sleep(500)
  }
}

/** @param {number} moment of performance.now */
function secondsSince(moment) {
  return (performance.now() - moment) / 1000
}
