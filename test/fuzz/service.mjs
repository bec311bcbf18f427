// The service under test as it runs in earnest: the API's own process on a real PostgreSQL and a real Redis.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort, startPostgres, startRedis, waitUntil } from '@stillhouse/testkit'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'

export const CLUSTER_KEY = 'sh_fuzz_key_of_the_cluster_0123456789'
export const WORKER_KEY = 'shw_fuzz_token_of_the_workers_0123456789'

/** Nobody beats: what was seeded stays as it is for the whole run. */
const PATIENCE = { LEASE_SECONDS: '7200', HEARTBEAT_SECONDS: '1200' }
/** More requests come from one place than any client should send. */
const NO_LIMITS = Object.fromEntries(
  [
    ...['REQUESTS_PER_MINUTE', 'WORKER_REQUESTS_PER_MINUTE', 'PUBLIC_REQUESTS_PER_MINUTE', 'INVALID_KEYS_PER_MINUTE'],
    ...['UPLOADS_AT_A_TIME', 'STREAMS_AT_A_TIME'],
  ].map((name) => [name, '0']),
)
const END_MS = 30_000

/**
 * @typedef {{url: string, log: () => string, stop: () => Promise<void>}} Service `log` is what the API printed
 * @returns {Promise<Service>}
 */
export async function startService() {
  /** @type {(() => unknown)[]} */
  const cleanup = []
  const stop = async () => {
    for (const step of cleanup.splice(0).toReversed()) await step()
  }
  try {
    const folder = mkdtempSync(join(tmpdir(), 'stillhouse-fuzz-'))
    const remove = () => rmSync(folder, { recursive: true, force: true })
    process.on('exit', remove)
    cleanup.push(remove)
    const postgres = await startPostgres()
    cleanup.push(() => postgres.stop())
    const database = await postgres.createDatabase()
    const redis = await startRedis(['--maxmemory-policy', 'noeviction'])
    cleanup.push(() => redis.stop())
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const api = startApi({
      PORT: String(port),
      DATABASE_URL: database.url,
      QUEUE_URL: redis.url,
      ARTIFACT_URL: pathToFileURL(join(folder, 'artifacts')).href,
      TMPDIR: folder,
    })
    cleanup.push(api.end)
    await waitUntil('the API to be ready', () => isReady(url)).catch((error) => {
      throw new Error(`${error.message}\n${api.log().slice(-3000)}`)
    })
    return { url, log: api.log, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @param {Record<string, string>} places */
function startApi(places) {
  const env = {
    ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], HOST: '127.0.0.1', ...PATIENCE, ...NO_LIMITS },
    ...{ BOOTSTRAP_API_KEY: CLUSTER_KEY, WORKER_TOKEN: WORKER_KEY },
    ...places,
  }
  const child = spawn(process.execPath, ['apps/api/dist/main.js'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk
    })
  }
  const kill = () => void child.kill('SIGKILL')
  process.on('exit', kill)
  const end = async () => {
    process.off('exit', kill)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(kill, END_MS)
    await ended
    clearTimeout(timer)
  }
  return { log: () => text, end }
}

/** @param {string} url */
async function isReady(url) {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}
