// A worker is taken out of service with the command line while it trains: its job goes on elsewhere, from its checkpoint,
// and becomes what it would have become.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Job, Worker } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { API_KEY, type Cluster, startCluster } from './support/cluster.ts'
import { optdigitsJob } from './support/jobs.ts'

const CLI = fileURLToPath(new URL('../../apps/cli/bin/stillhouse.js', import.meta.url))
// longer than it takes to find its worker and drain it, on a fast machine too
const STEPS = 5000

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ queue: 'postgresql', workers: 2 })
  // the first job trains the teacher that all others find ready
  await cluster.finished((await cluster.submit(optdigitsJob('teacher', 1))).id)
})
afterAll(() => cluster?.stop())

async function stillhouse(...args: string[]): Promise<string> {
  const where = { STILLHOUSE_URL: cluster.url, STILLHOUSE_API_KEY: API_KEY, PATH: process.env['PATH'] }
  return (await promisify(execFile)(process.execPath, [CLI, ...args], { env: where })).stdout
}

async function workers(): Promise<Worker[]> {
  return (JSON.parse(await stillhouse('workers', '--json')) as { items: Worker[] }).items
}

async function fingerprint(job: Job): Promise<{ weights: string[]; metrics: string[] }> {
  const artifacts = await cluster.artifacts(job.id)
  const points = await cluster.metrics(job.id)
  expect(points.map(({ seq }) => seq)).toEqual(points.map((_, i) => i + 1))
  return {
    weights: artifacts
      .filter(({ path }) => path.endsWith('.bin') && path.startsWith('export'))
      .map((one) => one.sha256),
    metrics: points.map(({ seq, name, stage, step, value }) => `${seq} ${name} ${stage} ${step} ${value}`),
  }
}

it('a drained job goes on with another worker and becomes the same model, and the drained worker gets no more', async () => {
  const undisturbed = await cluster.finished((await cluster.submit(optdigitsJob('undisturbed', STEPS))).id)
  expect(undisturbed).toMatchObject({ state: 'succeeded', attempt: 1 })
  const { id } = await cluster.checkpointed((await cluster.submit(optdigitsJob('drained', STEPS))).id)
  const holder = (await workers()).find(({ jobs }) => jobs.some((job) => job.id === id))
  expect(holder).toMatchObject({ state: 'active', mode: 'active', handsBack: true, busy: 1 })
  const { name = '' } = holder ?? {}

  expect(await stillhouse('drain', name, '--wait', '--timeout', '60')).toMatch(
    new RegExp(`${name} .* draining +0 of 1`),
  )
  const job = await cluster.finished(id)
  expect(job).toMatchObject({ state: 'succeeded', attempt: 2, failure: null })
  const want = await fingerprint(undisturbed)
  expect(want.weights).not.toEqual([])
  expect(await fingerprint(job)).toEqual(want)
  const reasons = (await cluster.events(id)).flatMap((event) => (event.type === 'state' ? [event.data.reason] : []))
  expect(reasons).toContain(`worker ${name} is drained`)
  expect((await cluster.events(id)).some(({ type }) => type === 'checkpoint')).toBe(true)

  const next = await cluster.checkpointed((await cluster.submit(optdigitsJob('next', STEPS))).id)
  const running = (await workers()).filter(({ jobs }) => jobs.some((one) => one.id === next.id))
  expect(running.map((worker) => worker.name)).not.toContain(name)
  expect(await stillhouse('undrain', name)).toBe(`${name} takes jobs again\n`)
})

it('names what it does not find, with exit code 1', async () => {
  await expect(stillhouse('cordon', 'nowhere')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no worker nowhere; those connected are w1, w2'),
  })
})
