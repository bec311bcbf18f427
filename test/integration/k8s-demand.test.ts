// What KEDA asks the database to size the pools of the chart: the very query of the rendered chart, as the role whose grants
// are in infra/k8s/README.md, against jobs that the service itself wrote.
import { readFileSync } from 'node:fs'
import { DEFAULT_TEAM } from '@stillhouse/spec'
import pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30 })

interface ScaledObject {
  readonly kind: string
  readonly metadata: { readonly labels: Record<string, string> }
  readonly spec: { readonly triggers: readonly { readonly metadata: { readonly query: string } }[] }
}

/** Queries of the example with three pools: cpu, l4 (one GPU of 24 GB, zone a), a100 (eight of 80 GB, zone b). */
const queries = parseAllDocuments(readFileSync('infra/k8s/rendered/gpu.yaml', 'utf8'))
  .map((document) => document.toJS() as ScaledObject)
  .filter(({ kind }) => kind === 'ScaledObject')
  .map(({ metadata, spec }) => [metadata.labels['stillhouse/pool'] ?? '', spec.triggers[0]?.metadata.query ?? ''])

const GRANTS = /```sql\n([\s\S]+?)```/.exec(readFileSync('infra/k8s/README.md', 'utf8'))?.[1] ?? ''

let counterUrl: string

beforeEach(async () => {
  const { query, database } = jobs()
  // what it was granted went with the database of the test before
  await query('DROP ROLE IF EXISTS stillhouse_counter')
  await query(GRANTS.replace('DATABASE stillhouse', `DATABASE ${database.name}`))
  const url = new URL(database.url)
  url.username = 'stillhouse_counter'
  url.password = 'change-me'
  counterUrl = url.href
})

async function demand(): Promise<Record<string, number>> {
  const client = new pg.Client(counterUrl)
  await client.connect()
  try {
    const counted: Record<string, number> = {}
    for (const [pool = '', query = ''] of queries) {
      const { rows } = await client.query({ text: query, rowMode: 'array' })
      expect(rows).toHaveLength(1)
      counted[pool] = rows[0]?.[0]
    }
    return counted
  } finally {
    await client.end()
  }
}

test('there is no demand without jobs, so that every pool may go down to none', async () => {
  expect(await demand()).toEqual({ cpu: 0, l4: 0, a100: 0 })
})

test('a job asks for the first pool that can run it, and only for that', async () => {
  const { submit } = jobs()
  await submit()
  await submit({ resources: { labels: { pool: 'cpu' } } })
  await submit({ resources: { gpus: 1 } })
  await submit({ resources: { gpus: 1, gpuMemoryGb: 24 } })
  await submit({ resources: { gpus: 1, gpuMemoryGb: 40 } })
  await submit({ resources: { gpus: 1, labels: { zone: 'b' } } })
  await submit({ resources: { labels: { interconnect: 'nvlink', zone: 'b' } } })
  expect(await demand()).toEqual({ cpu: 2, l4: 2, a100: 3 })
})

test('what no pool can run scales none', async () => {
  const { submit } = jobs()
  await submit({ resources: { gpus: 1, gpuMemoryGb: 141 } })
  await submit({ resources: { labels: { zone: 'mars' } } })
  expect(await demand()).toEqual({ cpu: 0, l4: 0, a100: 0 })
})

test('a job that runs keeps its worker, in the pool where it is', async () => {
  const { submit, worker, handOut, service, queue } = jobs()
  const workerId = await worker({ labels: { pool: 'l4' } })
  const { id } = await submit()
  await handOut()
  expect(queue.held.size).toBe(1)
  expect(await demand()).toEqual({ cpu: 0, l4: 1, a100: 0 })
  await service.claim(id, { workerId, attempt: 1 })
  expect(await demand()).toEqual({ cpu: 0, l4: 1, a100: 0 })
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'failed', code: 'data.invalid', message: 'x' })
  expect(await demand()).toEqual({ cpu: 0, l4: 0, a100: 0 })
})

test('jobs that the quota of their team holds back ask for no workers', async () => {
  const { submit, worker, handOut, query } = jobs()
  for (let n = 0; n < 5; n += 1) await submit()
  expect(await demand()).toMatchObject({ cpu: 5 })
  await query('UPDATE team SET max_running = 3 WHERE id = $1', [DEFAULT_TEAM.id])
  expect(await demand()).toMatchObject({ cpu: 3 })
  await worker({ labels: { pool: 'cpu' } })
  await handOut()
  expect(await demand()).toMatchObject({ cpu: 3 })
  await query('UPDATE team SET max_running = 0 WHERE id = $1', [DEFAULT_TEAM.id])
  expect(await demand()).toMatchObject({ cpu: 1 })
})

test('the role that counts can read nothing that a job says', async () => {
  const client = new pg.Client(counterUrl)
  await client.connect()
  for (const sql of ['SELECT spec FROM job', 'SELECT * FROM api_key', 'UPDATE job SET priority = 1'])
    await expect(client.query(sql)).rejects.toThrow('permission denied')
  await client.end()
})
