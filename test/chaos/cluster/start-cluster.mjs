// A whole cluster as real processes: PostgreSQL, Redis and S3 (or the queue in PostgreSQL and artifacts in a folder), two
// API replicas behind a balancer, three workers with a wire of their own each, and a supervisor for all of them.
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from '@stillhouse/client'
import {
  freePort,
  processesWith,
  startApp,
  startPostgres,
  startRedis,
  startS3,
  startTcpProxy,
  waitUntil,
} from '@stillhouse/testkit'
import { openLedger } from './ledger.mjs'
import { smallDisk, unmount } from './small-disk.mjs'
import { supervise } from './supervise.mjs'

// of this run only: what another has left running must not get in
const ADMIN_KEY = `sh_chaos_admin_${randomUUID()}`
const WORKER_TOKEN = `shw_chaos_worker_${randomUUID()}`
const REPLICAS = 2
const WORKERS = 3

/** How patient the service is here: everything that takes twenty seconds in production takes five. */
export const PATIENCE = { leaseSeconds: 5, heartbeatSeconds: 1, watchdogSeconds: 10 }

/** What is tested is that jobs survive, not when the service gives one up: it never does here, and hardly waits. */
const GENEROUS = { RETRY_BASE_SECONDS: '0.1', POISON_LOSSES: '1000', SUSPECT_FAILURES: '1000' }

/**
 * @typedef {import('./supervise.mjs').Service} Service
 * @typedef {import('@stillhouse/testkit').TcpProxy} Wire
 * @typedef {Service & {port: number, healthy: boolean}} Replica
 * @typedef {Service & {wire: Wire, queueWire: Wire, disk: import('./small-disk.mjs').SmallDisk}} WorkerService
 * @typedef {Awaited<ReturnType<typeof startCluster>>} Cluster
 */

/** @param {import('../options.mjs').Backend} backend */
export async function startCluster(backend) {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-chaos-'))
  /** @type {(() => unknown)[]} what to undo, last first */
  const undo = [() => rmSync(folder, { recursive: true, force: true })]
  // when this process ends in the midst of it
  const abandon = () => endAll(folder)
  process.once('exit', abandon)
  const stop = async ({ keep = false } = {}) => {
    for (const step of undo.slice(keep ? 1 : 0).reverse()) await step()
    process.off('exit', abandon)
  }
  try {
    return { ...(await assemble(backend, folder, undo)), stop }
  } catch (error) {
    await stop({ keep: true })
    throw new Error(`The cluster did not start; its logs are in ${folder}/logs.`, { cause: error })
  }
}

/** @param {string} folder by which the processes of a run are known */
function endAll(folder) {
  for (const { pid } of processesWith(folder)) process.kill(pid, 'SIGKILL')
  for (let i = 1; i <= WORKERS; i += 1) unmount(join(folder, `w${i}`))
}

/** @param {import('../options.mjs').Backend} backend @param {string} folder @param {(() => unknown)[]} undo */
async function assemble(backend, folder, undo) {
  for (const part of ['logs', 'tmp']) mkdirSync(join(folder, part))
  const stores = await startStores(backend, folder, undo)
  // what names the folder is a process of this run, or was started by one; workers hand TMPDIR on to trainers
  const env = { TMPDIR: join(folder, 'tmp'), QUEUE_URL: stores.queueUrl, WORKER_TOKEN }
  const replicas = await startReplicas(env, { folder, stores, undo })
  const balanced = () => {
    const healthy = replicas.filter((replica) => replica.healthy)
    return (healthy.length > 0 ? healthy : replicas).map(({ port }) => port)
  }
  const front = await startTcpProxy(balanced)
  undo.push(() => front.close())
  const url = `http://127.0.0.1:${front.port}`
  const client = (/** @type {string} */ apiKey, timeoutMs = 5000) => createClient({ baseUrl: url, apiKey, timeoutMs })
  const admin = client(ADMIN_KEY)
  // for the time before the faults: a loaded machine is slow, and nothing is to be tried again
  const calm = client(ADMIN_KEY, 60_000)
  await waitUntil('a replica to be ready', () => admin.isReady(), 60)
  const ledger = openLedger(stores.databaseUrl)
  undo.push(() => ledger.close())
  const workers = await startWorkers(env, { folder, balanced, undo })
  await waitUntil('the workers', async () => (await active(ledger)) === WORKERS, 60)
  return { backend, folder, ...stores, replicas, workers, client, admin, calm, ledger }
}

/** @param {import('./ledger.mjs').Ledger} ledger */
async function active(ledger) {
  return (await ledger.workers()).filter(({ state }) => state === 'active').length
}

/** @param {import('../options.mjs').Backend} backend @param {string} folder @param {(() => unknown)[]} undo */
async function startStores(backend, folder, undo) {
  const postgres = await startPostgres()
  undo.push(() => postgres.stop())
  const databaseUrl = (await postgres.createDatabase()).url
  if (backend === 'postgres') {
    const artifactUrl = pathToFileURL(join(folder, 'artifacts')).href
    return { postgres, databaseUrl, queueUrl: databaseUrl, artifactUrl, s3: null, redis: null }
  }
  const redis = await startRedis(['--maxmemory-policy', 'noeviction', '--appendonly', 'yes'])
  undo.push(() => redis.stop())
  const s3 = await startS3()
  undo.push(() => s3.stop())
  return { postgres, databaseUrl, queueUrl: redis.url, artifactUrl: s3.url, s3, redis }
}

/**
 * @param {Record<string, string>} env
 * @param {{folder: string, stores: Awaited<ReturnType<typeof startStores>>, undo: (() => unknown)[]}} parts
 */
async function startReplicas(env, { folder, stores, undo }) {
  /** @type {Replica[]} */
  const replicas = []
  for (let i = 1; i <= REPLICAS; i += 1) {
    const port = await freePort()
    const own = {
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: stores.databaseUrl,
      ARTIFACT_URL: stores.artifactUrl,
      ...stores.s3?.env,
      BOOTSTRAP_API_KEY: ADMIN_KEY,
      ...GENEROUS,
      // all requests come from one address, and the harness asks far more often than people do
      REQUESTS_PER_MINUTE: '0',
      WORKER_REQUESTS_PER_MINUTE: '0',
      PUBLIC_REQUESTS_PER_MINUTE: '0',
      LEASE_SECONDS: String(PATIENCE.leaseSeconds),
      HEARTBEAT_SECONDS: String(PATIENCE.heartbeatSeconds),
    }
    const log = join(folder, 'logs', `api${i}.log`)
    const service = supervise(`api${i}`, () => startApp('api', { ...env, ...own }, { log }))
    undo.push(service.stop)
    replicas.push(Object.assign(service, { port, healthy: true }))
  }
  const probe = setInterval(() => replicas.forEach(probeHealth), 500)
  undo.push(() => clearInterval(probe))
  return replicas
}

/** The balancer's probe: a replica that does not answer gets no new connections. @param {Replica} replica */
async function probeHealth(replica) {
  replica.healthy = await answers(replica.port)
}

/** @param {number} port @returns {Promise<boolean>} */
export async function answers(port) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(1000) })
    await response.text()
    return response.ok
  } catch {
    return false
  }
}

/**
 * @param {Record<string, string>} env
 * @param {{folder: string, balanced: () => number[], undo: (() => unknown)[]}} parts
 */
async function startWorkers(env, { folder, balanced, undo }) {
  /** @type {WorkerService[]} */
  const workers = []
  for (let i = 1; i <= WORKERS; i += 1) {
    const name = `w${i}`
    const wire = await startTcpProxy(balanced)
    undo.push(() => wire.close())
    const queueUrl = new URL(env.QUEUE_URL ?? '')
    const queueWire = await startTcpProxy(Number(queueUrl.port))
    undo.push(() => queueWire.close())
    queueUrl.port = String(queueWire.port)
    const disk = smallDisk(join(folder, name))
    undo.push(disk.remove)
    const own = {
      API_URL: `http://127.0.0.1:${wire.port}`,
      QUEUE_URL: queueUrl.href,
      WORKER_NAME: name,
      SLOTS: '1',
      SCRATCH_DIR: disk.folder,
      SCRATCH_RESERVE_MB: '8',
      WATCHDOG_SECONDS: String(PATIENCE.watchdogSeconds),
    }
    const log = join(folder, 'logs', `${name}.log`)
    const service = supervise(name, () => startApp('worker', { ...env, ...own }, { log }))
    undo.push(service.stop)
    workers.push(Object.assign(service, { wire, queueWire, disk }))
  }
  return workers
}
