// Two teams on one service: nothing of one exists for the other, whatever route is asked. The routes are taken from the
// OpenAPI document, so that a new one cannot be forgotten: it fails here until its place in these tests is known.
import type { Problem } from '@stillhouse/spec'
import { beforeEach, describe, expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'
import {
  type Belongings,
  type Finished,
  finishNext,
  isForWorkers,
  JOB,
  type Operation,
  operationsOf,
  settle,
  useTwoTeams,
} from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const house = useTwoTeams(jobs)
const UNKNOWN = '00000000-0000-4000-8000-000000000000'
let reds: Belongings
let finished: Finished

beforeEach(async () => {
  reds = await settle(house().red, 'red')
  finished = await finishNext(jobs(), house(), reds.job)
})

/** Values of the parameters of a path; ids are those of `whose`. */
function pathOf({ path, named }: Operation, whose: Belongings & { team: string }): string {
  const ids: Record<string, string> = {
    '/v1/jobs/': whose.job,
    '/v1/models/': whose.model,
    '/v1/datasets/': whose.dataset,
    '/v1/keys/': whose.key,
    '/v1/webhooks/': whose.webhook,
    '/v1/workers/': finished.worker,
  }
  const id = Object.entries(ids).find(([prefix]) => path.startsWith(prefix))?.[1]
  const values: Record<string, string | undefined> = {
    id,
    name: whose.team,
    attempt: '1',
    // the end of the first job, told to the first webhook
    delivery: '1',
    path: finished.path,
    sha256: finished.blob,
    key: 'a'.repeat(64),
  }
  return named.reduce((url, name) => {
    const value = values[name]
    if (value === undefined) throw new Error(`Which {${name}} does ${path} take? Say it here.`)
    return url.replace(`{${name}}`, value)
  }, path)
}

/** A body that gets past the check of the route, where there is one. */
const BODIES: Record<string, object> = {
  updateTeam: { quotas: { maxRunning: 1 } },
  changeJob: { priority: 7 },
  changeWorker: { mode: 'cordoned' },
  createWebhook: { url: 'https://hooks.invalid/' },
}

/** What every team may see, and none may change. */
const OF_THE_CLUSTER = ['changeWorker']

function initOf({ id, method }: Operation): RequestInit {
  const body = BODIES[id]
  const headers = { 'content-type': 'application/json' }
  return { method, ...(body && { body: JSON.stringify(body), headers }) }
}

test('every route that takes an id answers 404 to the other team, as for an id that does not exist', async () => {
  const { app, blue, call } = house()
  const operations = operationsOf(app).filter(
    (one) => one.named.length > 0 && !isForWorkers(one) && !OF_THE_CLUSTER.includes(one.id),
  )
  expect(operations.length).toBeGreaterThan(15)
  const nobodys = {
    ...{ job: UNKNOWN, key: UNKNOWN, webhook: UNKNOWN, team: 'nobody' },
    ...{ dataset: 'f'.repeat(64), model: 'f'.repeat(64) },
  }
  for (const operation of operations) {
    const answer = async (whose: Belongings & { team: string }) => {
      const response = await call(blue.secret, pathOf(operation, whose), initOf(operation))
      if (operation.method === 'HEAD') return { status: response.status }
      const { status, code, detail } = (await response.json()) as Problem
      return { status, code, detail: Object.values(whose).reduce((text, id) => text.replaceAll(id, '…'), detail) }
    }
    const answered = await answer({ ...reds, team: 'red' })
    expect([operation.id, answered.status]).toEqual([operation.id, 404])
    expect([operation.id, answered]).toEqual([operation.id, await answer(nobodys)])
  }
})

test('every one of these routes knows the same ids when the team itself asks', async () => {
  const { app, red, call } = house()
  const last = (one: Operation) => Number(one.method === 'DELETE')
  const operations = operationsOf(app).filter((one) => one.named.length > 0 && !isForWorkers(one))
  for (const operation of operations.sort((a, b) => last(a) - last(b))) {
    const { status } = await call(red.secret, pathOf(operation, { ...reds, team: 'red' }), initOf(operation))
    expect([
      operation.id,
      ['updateTeam', ...OF_THE_CLUSTER].includes(operation.id) ? status === 403 : ![401, 403, 404].includes(status),
    ]).toEqual([operation.id, true])
  }
})

test('routes of workers are closed to keys of teams, also to their administrators', async () => {
  const { app, red, call } = house()
  for (const operation of operationsOf(app).filter(isForWorkers)) {
    const { status } = await call(red.secret, pathOf(operation, { ...reds, team: 'red' }), { method: operation.method })
    expect([operation.id, status]).toEqual([operation.id, 403])
  }
})

test('a worker reads what attempts need, and no job', async () => {
  const { app, call } = house()
  const open = []
  for (const operation of operationsOf(app).filter((one) => one.method === 'GET' && !isForWorkers(one))) {
    const { status } = await call('secret-of-the-workers', pathOf(operation, { ...reds, team: 'red' }))
    if (status !== 403) open.push(operation.id)
  }
  expect(open.sort()).toEqual(['getDataset', 'getJobModel', 'getMe', 'getModel', 'getModelFiles'])
})

test('no list of one team names anything of the other', async () => {
  const { app, red, blue, call } = house()
  const lists = operationsOf(app).filter((one) => one.method === 'GET' && one.named.length === 0 && !isForWorkers(one))
  expect(lists.length).toBeGreaterThan(6)
  for (const { id, path } of lists) {
    const text = await (await call(blue.secret, path)).text()
    for (const secret of [...Object.values(reds), red.keyId, '"red"', 'admin of red'])
      expect([id, text.includes(secret)]).toEqual([id, false])
  }
})

test('every route that takes a team answers 404 for the other one', async () => {
  const { app, blue, call } = house()
  const operations = operationsOf(app).filter((one) => one.takesTeam)
  expect(operations.length).toBeGreaterThan(6)
  for (const operation of operations) {
    const path = pathOf(operation, { ...reds, team: 'red' })
    for (const team of ['red', 'nobody']) {
      const response = await call(blue.secret, `${path}?team=${team}`, initOf(operation))
      const { code } = (await response.json()) as Problem
      expect([operation.id, response.status, code]).toEqual([operation.id, 404, 'team.not_found'])
    }
  }
})

test('a key of the cluster sees every team, one of them if asked, and sends to default or where it says', async () => {
  const { admin, blue } = house()
  const { job: plain } = await admin.submitJob(JOB)
  const { job: given } = await admin.submitJob(JOB, { team: 'blue' })
  expect([plain.team, given.team]).toEqual(['default', 'blue'])
  const idsOf = async (query: { team?: string }) => (await admin.listJobs(query)).items.map((job) => job.id)
  expect((await idsOf({})).sort()).toEqual([reds.job, plain.id, given.id].sort())
  expect(await idsOf({ team: 'red' })).toEqual([reds.job])
  expect((await blue.client.listJobs()).items.map((job) => job.id)).toEqual([given.id])
  expect((await admin.listDatasets({ team: 'blue' })).items).toEqual([])
  expect((await admin.listDatasets()).items.map(({ id }) => id)).toEqual([reds.dataset])
})

describe('what a job may name', () => {
  const data = (upload: string) => ({ ...JOB, data: { ...JOB.data, from: { upload } } })
  const taught = (from: object) => ({ ...JOB, method: { name: 'kd' }, teacher: { from } }) as never

  test.each([
    ['data set', '/data/from/upload', () => data(reds.dataset)],
    ['model', '/teacher/from/upload', () => taught({ upload: reds.model })],
    ['job', '/teacher/from/job', () => taught({ job: reds.job })],
  ])('a %s of another team is a fault at %s, as an unknown one is, and no fault for its own', async (_, path, job) => {
    const { red, blue, admin } = house()
    expect(await red.client.validateJob(job())).toMatchObject({ valid: true })
    const { faults } = await blue.client.validateJob(job())
    expect(faults).toMatchObject([{ path, message: expect.stringContaining('there is no such') }])
    await expect(blue.client.submitJob(job())).rejects.toMatchObject({ status: 400, code: 'spec.invalid' })
    await expect(admin.submitJob(job(), { team: 'blue' })).rejects.toMatchObject({ code: 'spec.invalid' })
    expect((await admin.submitJob(job(), { team: 'red' })).job.team).toBe('red')
  })
})

test('a data set that both send is kept once, new to each, and tells neither of the other', async () => {
  const { red, blue } = house()
  const files = [{ path: 'both', content: Buffer.from('the same') }]
  const first = await red.client.uploadDataset(files)
  const second = await blue.client.uploadDataset(files)
  expect([first.isNew, second.isNew]).toEqual([true, true])
  expect(second.dataset.id).toBe(first.dataset.id)
  expect(Date.parse(second.dataset.createdAt)).toBeGreaterThan(Date.parse(first.dataset.createdAt))
  expect((await blue.client.uploadDataset(files)).isNew).toBe(false)
  expect((await blue.client.listDatasets()).items).toMatchObject([
    { id: first.dataset.id, createdAt: second.dataset.createdAt },
  ])
  expect(await jobs().query('SELECT count(*)::int FROM dataset WHERE id = $1', [first.dataset.id])).toEqual([
    { count: 1 },
  ])
})

test("an Idempotency-Key is the team's own", async () => {
  const { red, blue } = house()
  const one = await red.client.submitJob(JOB, { idempotencyKey: 'nightly' })
  const other = await blue.client.submitJob({ ...JOB, priority: 7 }, { idempotencyKey: 'nightly' })
  expect([one.replayed, other.replayed, one.job.id === other.job.id]).toEqual([false, false, false])
  expect((await red.client.submitJob(JOB, { idempotencyKey: 'nightly' })).job.id).toBe(one.job.id)
  const changed = red.client.submitJob({ ...JOB, priority: 7 }, { idempotencyKey: 'nightly' })
  await expect(changed).rejects.toMatchObject({ code: 'idempotency.mismatch' })
})
