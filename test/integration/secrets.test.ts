// No secret of any kind reaches a log, at its finest level: real processes, every way in that there is, and then a search
// through all that they printed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { IssuedKey, IssuedWebhook, Job } from '@stillhouse/spec'
import { type AppProcess, freePort, startApp, startPostgres, type TestPostgres, waitUntil } from '@stillhouse/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DONE } from '../../apps/worker/src/testing/scripted-job.ts'

const TRAINER = fileURLToPath(new URL('../../apps/worker/src/testing/scripted-trainer.mjs', import.meta.url))
const MARK = 'swordfish'
const ADMIN = `${MARK}-key-of-the-cluster`
const WORKER = `${MARK}-token-of-workers`
const DATABASE_PASSWORD = `${MARK}/of the database`
const S3 = {
  S3_ENDPOINT: 'http://127.0.0.1:1',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: `${MARK}/secret+of/s3`,
  AWS_SESSION_TOKEN: `${MARK}-session`,
}

let postgres: TestPostgres
let databaseUrl = ''
let folder = ''
let api: AppProcess
let worker: AppProcess | undefined
let url = ''
const started: AppProcess[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  const admin = new pg.Client(postgres.adminUrl)
  await admin.connect()
  await admin.query(`CREATE ROLE keeper SUPERUSER LOGIN PASSWORD '${DATABASE_PASSWORD}'`)
  await admin.end()
  folder = await mkdtemp(join(tmpdir(), 'stillhouse-secrets-'))
})
afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  databaseUrl = withPassword((await postgres.createDatabase()).url)
})
afterEach(async () => {
  for (const process of started.splice(0).reverse()) await process.end('SIGKILL')
  worker = undefined
})

function withPassword(address: string): string {
  const parsed = new URL(address)
  parsed.username = 'keeper'
  parsed.password = encodeURIComponent(DATABASE_PASSWORD)
  return parsed.href
}

function start(app: 'api' | 'worker', env: Record<string, string>): AppProcess {
  const process = startApp(app, { LOG_LEVEL: 'trace', ...env })
  started.push(process)
  return process
}

const apiEnv = (port: number): Record<string, string> => ({
  HOST: '127.0.0.1',
  PORT: String(port),
  DATABASE_URL: databaseUrl,
  QUEUE_URL: databaseUrl,
  ARTIFACT_URL: pathToFileURL(join(folder, 'artifacts')).href,
  BOOTSTRAP_API_KEY: ADMIN,
  WORKER_TOKEN: WORKER,
  ...S3,
})

const workerEnv = (): Record<string, string> => ({
  API_URL: url,
  WORKER_TOKEN: WORKER,
  QUEUE_URL: databaseUrl,
  SCRATCH_DIR: join(folder, 'scratch'),
  TRAINER_ENTRY: TRAINER,
  UPLOAD_SECONDS: '1',
  ...S3,
})

async function startBoth(): Promise<void> {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  api = start('api', apiEnv(port))
  await waitUntil('the API', async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok)
  worker = start('worker', workerEnv())
  await waitUntil('the worker', () => worker?.output().includes('taking jobs'))
}

function call(path: string, init: RequestInit = {}, key = ADMIN): Promise<Response> {
  const json = init.body === undefined ? {} : { 'content-type': 'application/json' }
  return fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...json, ...init.headers } })
}

async function finished(body: object): Promise<Job> {
  const { id } = (await (await call('/v1/jobs', { method: 'POST', body: JSON.stringify(body) })).json()) as Job
  return waitUntil('the job', async () => {
    const job = (await (await call(`/v1/jobs/${id}`)).json()) as Job
    return (job.state === 'succeeded' || job.state === 'failed') && job
  })
}

const job = (run: unknown[], more: object = {}) => ({
  name: 'scripted',
  description: JSON.stringify({ run }),
  data: { name: 'optdigits' },
  student: { model: 'mlp' },
  method: { name: 'none' },
  train: { steps: 1 },
  ...more,
})

/** Everything that the processes printed, after they have ended. */
async function printed(): Promise<string> {
  for (const process of started.toReversed()) await process.end('SIGTERM')
  return started.map((process) => process.output()).join('\n')
}

describe('what API and worker print', () => {
  it('holds none of the secrets that they were started with, were sent, or made', async () => {
    await startBoth()
    const made = (await (
      await call('/v1/keys', { method: 'POST', body: JSON.stringify({ name: 'ci', scopes: ['jobs:read'] }) })
    ).json()) as IssuedKey
    const rotated = (await (
      await call(`/v1/keys/${made.key.id}/rotate?graceSeconds=60`, { method: 'POST' })
    ).json()) as IssuedKey
    for (const key of [made.secret, rotated.secret]) expect((await call('/v1/jobs', {}, key)).status).toBe(200)
    const hook = (await (
      await call('/v1/webhooks', {
        method: 'POST',
        body: JSON.stringify({ url: `https://hooks.invalid/?token=${MARK}-hook` }),
      })
    ).json()) as IssuedWebhook
    // secrets where none belong: in the address, in other headers, in a body that is refused, in one that is broken
    expect((await call(`/v1/jobs?token=${MARK}-query`)).status).toBe(400)
    expect((await call(`/v1/jobs?api_key=${MARK}-query`, {}, `${MARK}-guess`)).status).toBe(401)
    await call('/v1/me', { headers: { 'x-api-key': `${MARK}-header`, cookie: `session=${MARK}-cookie` } })
    await call('/v1/me', { headers: { authorization: `Basic ${MARK}-basic` } })
    await call('/v1/keys', { method: 'POST', body: JSON.stringify({ secret: `${MARK}-body` }) })
    await call('/v1/jobs', { method: 'POST', body: `{"password": "${MARK}-broken` })
    const logged = await finished(job([{ echoEnv: true }, DONE]))
    // S3 that does not answer: the error of its library knows how it was called
    const failed = await finished(
      job([DONE], {
        data: { name: 'npz', params: { shape: [1], classes: 2 }, from: { s3: 's3://bucket/x' } },
        resources: { attempts: 1 },
      }),
    )
    expect(failed.failure?.code).toBe('worker.upload_failed')
    const lines = await (await call(`/v1/jobs/${logged.id}/logs`)).text()
    expect(lines).toContain('TF_NUM_INTRAOP_THREADS')
    // a database that goes away while it is asked
    await postgres.restart()
    await waitUntil('the database to be missed', () => /"level":(40|50)/.test(api.output()))
    const output = await printed()
    for (const expected of [
      '"msg":"a webhook was not told"',
      '"path":"/v1/keys"',
      '"msg":"listening"',
      '"msg":"taking jobs"',
      '"level":20',
    ])
      expect(output).toContain(expected)
    for (const text of [output, lines, JSON.stringify(failed)]) {
      expect(text).not.toContain(MARK)
      expect(text).not.toContain(made.secret)
      expect(text).not.toContain(rotated.secret)
      expect(text).not.toContain(hook.secret)
    }
  }, 120_000)

  it.each<[string, 'api' | 'worker', (address: string) => Record<string, string>]>([
    ['a database at no port', 'api', () => ({ DATABASE_URL: `postgresql://u:${MARK}@127.0.0.1:port/db` })],
    ['a database whose password breaks its address', 'api', () => ({ DATABASE_URL: `postgresql://u:${MARK}#x@h/db` })],
    ['a database of another kind', 'api', () => ({ DATABASE_URL: `mysql://u:${MARK}@127.0.0.1/db` })],
    ['a queue at no port', 'api', () => ({ QUEUE_URL: `redis://:${MARK}@127.0.0.1:port` })],
    ['a queue that is not there', 'api', () => ({ QUEUE_URL: `redis://u:${MARK}@127.0.0.1:1` })],
    ['a store at no place', 'api', () => ({ ARTIFACT_URL: `s3://u:${MARK}@` })],
    ['a key that is too short', 'api', () => ({ BOOTSTRAP_API_KEY: MARK })],
    ['an API whose address holds a password', 'worker', () => ({ API_URL: `http://u:${MARK}@127.0.0.1:1` })],
    ['a queue at no port', 'worker', () => ({ QUEUE_URL: `redis://:${MARK}@127.0.0.1:port` })],
    ['a queue that is not there', 'worker', () => ({ QUEUE_URL: `redis://u:${MARK}@127.0.0.1:1` })],
  ])(
    'does not hold what is wrong about %s (%s)',
    async (_, app, env) => {
      url = 'http://127.0.0.1:1'
      const base = app === 'api' ? apiEnv(0) : workerEnv()
      const process = start(app, { ...base, ...env('') })
      await waitUntil(
        'a word about it',
        () => process.exitCode() !== undefined || /fault|"level":(40|50|60)|listening/.test(process.output()),
      )
      const output = await printed()
      expect(output).not.toBe('')
      expect(output).not.toContain(MARK)
    },
    60_000,
  )
})
