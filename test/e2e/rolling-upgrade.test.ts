// An upgrade as a Deployment does it: a new API replica comes, the Service stops sending to an old one, the old one gets
// SIGTERM – one after the other, while a job trains and users ask for it. Nobody may notice.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createClient } from '@stillhouse/client'
import { type AppProcess, freePort, startApp, startPostgres, waitUntil } from '@stillhouse/testkit'
import { afterEach, expect, it } from 'vitest'
import { optdigitsJob } from './support/jobs.ts'

const API_KEY = 'sh_test_admin_key_for_the_upgrade'
const WORKER_TOKEN = 'shw_test_worker_token_for_the_upgrade'
/** As long as the preStop hook of the chart. */
const NOTICE_MS = 1000

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step()
})

interface Replica {
  readonly port: number
  readonly process: AppProcess
}

/** What a Service is to its clients: one address, and new connections go to whoever is in `ports`. */
async function startBalancer(ports: ReadonlySet<number>): Promise<string> {
  let turn = 0
  const server = createServer((socket) => {
    const targets = [...ports]
    const upstream = connect(targets[turn++ % targets.length] ?? 1, '127.0.0.1')
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroySoon())
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

it('a job trains on with one attempt, and no request fails, while every API replica is replaced', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-upgrade-'))
  cleanup.push(() => rmSync(folder, { recursive: true, force: true }))
  const postgres = await startPostgres()
  cleanup.push(() => postgres.stop())
  const { url: database } = await postgres.createDatabase()
  const ports = new Set<number>()
  const balancer = await startBalancer(ports)

  const startReplica = async (): Promise<Replica> => {
    const port = await freePort()
    const api = startApp('api', {
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: database,
      QUEUE_URL: database,
      ARTIFACT_URL: pathToFileURL(path.join(folder, 'artifacts')).href,
      BOOTSTRAP_API_KEY: API_KEY,
      WORKER_TOKEN,
      LEASE_SECONDS: '15',
      HEARTBEAT_SECONDS: '1',
    })
    cleanup.push(() => api.end('SIGTERM'))
    const ready = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      )
    await waitUntil('the replica', ready, 150)
    ports.add(port)
    return { port, process: api }
  }
  const replace = async ({ port, process }: Replica): Promise<Replica> => {
    const next = await startReplica()
    ports.delete(port)
    await sleep(NOTICE_MS)
    expect(await process.end('SIGTERM'), process.output()).toBe(0)
    return next
  }

  const old = [await startReplica(), await startReplica()]
  const health = path.join(folder, 'health')
  const worker = startApp('worker', {
    API_URL: balancer,
    WORKER_TOKEN,
    QUEUE_URL: database,
    WORKER_NAME: 'w',
    SCRATCH_DIR: path.join(folder, 'scratch'),
    HEALTH_FILE: health,
  })
  cleanup.push(() => worker.end('SIGTERM'))
  const says = (): string => {
    try {
      return readFileSync(health, 'utf8')
    } catch {
      return ''
    }
  }
  await waitUntil('the worker to take jobs', () => says() === 'taking-jobs\n', 150)

  const client = createClient({ baseUrl: balancer, apiKey: API_KEY })
  const submit = async (name: string, steps: number): Promise<string> =>
    (await client.submitJob({ body: JSON.stringify(optdigitsJob(name, steps)), contentType: 'application/json' })).job
      .id
  const id = await submit('trains-through-an-upgrade', 4000)
  await waitUntil('the training', async () => (await client.getJob(id)).state === 'running', 150)

  const failed: unknown[] = []
  let asked = 0
  let over = false
  const asking = (async () => {
    while (!over) {
      await client.getJob(id).catch((error: unknown) => failed.push(error))
      asked += 1
      await sleep(50)
    }
  })()
  for (const replica of old) await replace(replica)
  const during = await client.getJob(id)
  const next = await submit('sent-to-the-new-replicas', 20)
  over = true
  await asking
  expect(failed).toEqual([])
  expect(asked).toBeGreaterThan(20)
  expect(during).toMatchObject({ state: 'running', attempt: 1 })

  for (const jobId of [id, next]) {
    const job = await waitUntil(
      'the end of the job',
      async () => {
        const now = await client.getJob(jobId)
        return now.finishedAt !== null && now
      },
      240,
    )
    expect(job).toMatchObject({ state: 'succeeded', attempt: 1, failure: null })
  }
  expect(await worker.end('SIGTERM')).toBe(0)
  expect(says()).toBe('')
}, 600_000)
