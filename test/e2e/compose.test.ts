// The containers cannot run here, their commands can: every service of docker-compose.yml that is ours is started with
// the command and the environment written there, addresses replaced by those of this machine.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Job } from '@stillhouse/spec'
import {
  type AppProcess,
  CHECKOUT,
  freePort,
  startPostgres,
  startProcess,
  startRedis,
  waitUntil,
} from '@stillhouse/testkit'
import { afterEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { optdigitsJob } from './support/jobs.ts'

interface Service {
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

const compose = parse(readFileSync(path.join(CHECKOUT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>
}

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
})

function service(name: string): Required<Service> {
  const { command, environment } = compose.services[name] ?? {}
  if (command === undefined || environment === undefined)
    throw new Error(`docker-compose.yml: service ${name} lacks command or environment`)
  return { command, environment }
}

/** What stands for `${variable}`: its default where the file gives one. */
const filled = (_: string, variable: string, otherwise?: string): string => otherwise ?? `secret-of-${variable}`

/** Environment of a service with `${…}` filled in and container addresses replaced. */
function environmentOf(name: string, places: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service(name).environment).map(([key, value]) => {
      const text = Object.entries(places).reduce((part, [from, to]) => part.replaceAll(from, to), String(value))
      return [key, text.replace(/\$\{(\w+)(?::-([^}]*)|[^}]*)\}/g, filled)]
    }),
  )
}

it('the services of docker-compose.yml run a job with their own commands and environments', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-compose-'))
  cleanup.push(() => rmSync(folder, { recursive: true, force: true }))
  const postgres = await startPostgres()
  cleanup.push(() => postgres.stop())
  const database = await postgres.createDatabase()
  const [, ...redisSettings] = compose.services['redis']?.command ?? []
  const redis = await startRedis(redisSettings)
  cleanup.push(() => redis.stop())
  const port = await freePort()
  const api = `http://127.0.0.1:${port}`
  // biome-ignore lint/suspicious/noTemplateCurlyInString: text of docker-compose.yml
  const databaseInFile = 'postgresql://stillhouse:${POSTGRES_PASSWORD:?}@postgres:5432/stillhouse'
  const places = {
    [databaseInFile]: database.url,
    'redis://redis:6379': redis.url,
    'http://api:7070': api,
    'file:///data/artifacts': pathToFileURL(path.join(folder, 'artifacts')).href,
    '/data/scratch': path.join(folder, 'scratch'),
  }
  const start = (name: string, more: Record<string, string> = {}): AppProcess => {
    const process = startProcess(name, service(name).command, { ...environmentOf(name, places), ...more })
    cleanup.push(() => process.end('SIGTERM'))
    return process
  }
  const server = start('api', { HOST: '127.0.0.1', PORT: String(port) })
  await waitUntil('the API', () => {
    if (server.exitCode() !== undefined) throw new Error(`the API has ended:\n${server.output()}`)
    return fetch(`${api}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
  })
  start('worker', { METRICS_HOST: '127.0.0.1', METRICS_PORT: '0' })
  const headers = { authorization: 'Bearer secret-of-BOOTSTRAP_API_KEY', 'content-type': 'application/json' }
  const submitted = await fetch(`${api}/v1/jobs`, {
    method: 'POST',
    headers,
    body: JSON.stringify(optdigitsJob('compose', 100)),
  })
  expect(submitted.status).toBe(201)
  const { id } = (await submitted.json()) as Job
  const job = await waitUntil('the job', async () => {
    const now = (await (await fetch(`${api}/v1/jobs/${id}`, { headers })).json()) as Job
    return now.finishedAt !== null && now
  })
  expect(job).toMatchObject({ state: 'succeeded' })
})

it('the GPU worker of docker-compose.yml runs the same command as the CPU worker, in its own profile', () => {
  expect(service('worker-gpu').command).toEqual(service('worker').command)
  expect(Object.keys(service('worker-gpu').environment).sort()).toEqual(
    Object.keys(service('worker').environment).sort(),
  )
  expect(compose.services['worker-gpu']).toMatchObject({ profiles: ['gpu'] })
})
