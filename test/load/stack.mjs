// What the load runs against: a PostgreSQL, a Redis and one API process, as an operator would start them, and nothing else
// on their ports.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'
import { createClient } from '../../packages/client/dist/index.js'
import { freePort, startPostgres, startRedis } from '../../packages/testkit/dist/index.js'

export const ADMIN_KEY = 'sh_load_admin_key_of_the_load_test'
export const WORKER_TOKEN = 'shw_load_worker_token_of_the_load_test'
const READY_MS = 60_000

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

/** @param {{durable?: boolean}} [options] durable: commits wait for the disk; without, the disk is not what is measured */
export async function startStack({ durable = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-load-'))
  const postgres = await startPostgres({ durable })
  const redis = await startRedis(['--maxmemory-policy', 'noeviction'])
  const database = await postgres.createDatabase()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const api = spawn(process.execPath, [join(ROOT, 'apps/api/dist/main.js')], {
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: database.url,
      QUEUE_URL: redis.url,
      ARTIFACT_URL: pathToFileURL(join(folder, 'artifacts')).href,
      BOOTSTRAP_API_KEY: ADMIN_KEY,
      WORKER_TOKEN,
      LOG_LEVEL: 'warn',
      ...UNLIMITED,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const admin = createClient({ baseUrl: url, apiKey: ADMIN_KEY })
  const since = Date.now()
  while (!(await admin.isReady().catch(() => false))) {
    if (Date.now() - since > READY_MS) throw new Error('The API did not become ready.')
    await sleep(200)
  }
  return {
    url,
    admin,
    databaseUrl: database.url,
    queueUrl: redis.url,
    apiPid: Number(api.pid),
    async stop() {
      api.kill('SIGTERM')
      await once(api, 'exit')
      await redis.stop()
      await postgres.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** One key sends thousands of requests a second here, so its budget must not be what is measured. */
const UNLIMITED = {
  REQUESTS_PER_MINUTE: '0',
  WORKER_REQUESTS_PER_MINUTE: '0',
  PUBLIC_REQUESTS_PER_MINUTE: '0',
}

/** A team with a key that may send and read. @param {Stack} stack @param {string} name @param {number} weight */
export async function addTeam({ admin, url }, name, weight) {
  await admin.createTeam({ name, weight })
  const { secret } = await admin.createKey({ name, team: name, scopes: ['jobs:read', 'jobs:write'] })
  return { name, weight, secret, client: createClient({ baseUrl: url, apiKey: secret }) }
}
