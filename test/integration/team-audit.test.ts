// The record of who changed what: one entry per change, written with it. The calls are taken from the OpenAPI document, so
// that a new one that changes something cannot go unrecorded.
import { AUDIT_ACTIONS } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'
import { isForWorkers, JOB, operationsOf, settle, type TwoTeams, useTwoTeams } from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const house = useTwoTeams(jobs)

/** Calls that change nothing although their method could. */
const HARMLESS = ['validateJob', 'validateJobGraph']

type Call = readonly [path: string, body?: object | FormData]

/** How each call that changes something is made with an administrator's key, after `settle`. */
const CALLS: Record<string, (ids: { job: string; key: string; worker: string; webhook: string }) => Call> = {
  submitJob: () => ['/v1/jobs?team=red', JOB],
  cancelJob: ({ job }) => [`/v1/jobs/${job}/cancel`],
  retryJob: ({ job }) => [`/v1/jobs/${job}/retry`],
  changeJob: ({ job }) => [`/v1/jobs/${job}`, { priority: 7 }],
  submitJobGraph: () => ['/v1/job-graphs?team=red', { jobs: { a: JOB } }],
  changeJobs: ({ job }) => ['/v1/jobs/actions?team=red', { action: 'set-priority', priority: 8, ids: [job] }],
  uploadModel: () => ['/v1/models?team=red', form({ 'model.json': '{}', 'model.weights.bin': 'w' })],
  uploadDataset: () => ['/v1/datasets?team=red', form({ 'a.csv': '1,2' })],
  createTeam: () => ['/v1/teams', { name: 'green' }],
  updateTeam: () => ['/v1/teams/red', { quotas: { maxRunning: 3 } }],
  createKey: () => ['/v1/keys', { name: 'new', team: 'red', scopes: ['jobs:read'] }],
  rotateKey: ({ key }) => [`/v1/keys/${key}/rotate`],
  revokeKey: ({ key }) => [`/v1/keys/${key}`],
  changeWorker: ({ worker }) => [`/v1/workers/${worker}`, { mode: 'cordoned' }],
  reconcile: () => ['/v1/reconcile'],
  createWebhook: () => ['/v1/webhooks?team=red', { url: 'https://hooks.invalid/' }],
  // of the cancelled job
  replayDelivery: ({ webhook }) => [`/v1/webhooks/${webhook}/deliveries/1/replay`],
  deleteWebhook: ({ webhook }) => [`/v1/webhooks/${webhook}`],
}

/** Whose matter a call is, where it is not that of the team `red`. */
const OTHER_TEAMS: Record<string, string | null> = { createTeam: 'green', changeWorker: null, reconcile: null }

/** So that each finds what it needs: a job is cancelled before it is retried, a key rotated before it is revoked. */
const ORDER = Object.keys(CALLS)

function form(files: Record<string, string>): FormData {
  const data = new FormData()
  for (const [name, text] of Object.entries(files)) data.append(name, new Blob([text]), name)
  return data
}

function send({ call }: TwoTeams, { method, requestId }: { method: string; requestId: string }, [path, body]: Call) {
  const headers = { 'x-request-id': requestId }
  if (body === undefined) return call('secret-of-the-cluster', path, { method, headers })
  if (body instanceof FormData) return call('secret-of-the-cluster', path, { method, headers, body })
  const json = { ...headers, 'content-type': 'application/json' }
  return call('secret-of-the-cluster', path, { method, headers: json, body: JSON.stringify(body) })
}

test('every call of the document that changes something leaves one entry, and only then', async () => {
  const { app, red, admin } = house()
  const ids = { ...(await settle(red, 'red')), worker: await jobs().worker({ name: 'w9' }) }
  const changing = operationsOf(app).filter(
    (one) => !['GET', 'HEAD'].includes(one.method) && !isForWorkers(one) && !HARMLESS.includes(one.id),
  )
  expect(changing.map(({ id }) => id).sort()).toEqual([...ORDER].sort())
  expect([...AUDIT_ACTIONS].sort()).toEqual([...ORDER].sort())
  for (const action of ORDER) {
    const { method } = changing.find(({ id }) => id === action) ?? { method: '' }
    const requestId = `request-of-${action}`
    const response = await send(house(), { method, requestId }, CALLS[action]?.(ids) ?? [''])
    expect([action, response.status]).toEqual([action, expect.toSatisfy((status: number) => status < 300)])
    const { items } = await admin.listAudit({ action: action as (typeof AUDIT_ACTIONS)[number], limit: 1 })
    expect(items).toMatchObject([{ action, requestId, key: { name: 'bootstrap' } }])
    expect([action, items[0]?.team]).toEqual([action, OTHER_TEAMS[action] === undefined ? 'red' : OTHER_TEAMS[action]])
  }
  // a call about many jobs also leaves one entry for each of them, under what was done to it
  const entries = "SELECT count(*)::int FROM audit_entry WHERE request_id = 'request-of-' || action"
  expect(await jobs().query(entries)).toEqual([{ count: ORDER.length }])
})

test('a call that changes nothing, or is refused, leaves no entry', async () => {
  const { red, blue, admin } = house()
  const ids = await settle(red, 'red')
  await red.client.submitJob(JOB, { idempotencyKey: 'k' })
  await red.client.cancelJob(ids.job)
  await red.client.revokeKey(ids.key)
  const before = (await admin.listAudit()).items
  await red.client.submitJob(JOB, { idempotencyKey: 'k' })
  await red.client.cancelJob(ids.job)
  await red.client.revokeKey(ids.key)
  await red.client.uploadDataset([{ path: 'a.csv', content: Buffer.from('of red') }])
  await admin.updateTeam('red', { quotas: {} })
  await red.client.validateJob(JOB)
  await expect(blue.client.cancelJob(ids.job)).rejects.toMatchObject({ status: 404 })
  await expect(red.client.rotateKey(ids.key)).rejects.toMatchObject({ code: 'key.state_conflict' })
  expect((await admin.listAudit()).items).toEqual(before)
})

test('what fails after its entry was written takes the entry back with it', async () => {
  const { context, query } = jobs()
  const entry = { keyId: house().red.keyId, keyName: 'x', teamId: null, action: 'submitJob', requestId: 'r' } as const
  const failing = context.db.transaction(async (tx) => {
    await tx.audit.insert({ ...entry, target: { kind: 'job', id: 'j' }, detail: {} })
    throw new Error('the change failed')
  })
  await expect(failing).rejects.toThrow('the change failed')
  expect(await query("SELECT 1 FROM audit_entry WHERE request_id = 'r'")).toEqual([])
})

test('an entry says who, what and how it was, and no secret', async () => {
  const { red, admin } = house()
  const { job } = await red.client.submitJob({ ...JOB, name: 'mine' })
  await red.client.cancelJob(job.id)
  const { items } = await admin.listAudit({ target: job.id })
  expect(items).toMatchObject([
    { action: 'cancelJob', detail: { name: 'mine', state: 'queued' }, target: { kind: 'job', id: job.id } },
    { action: 'submitJob', key: { id: red.keyId, name: 'admin of red' }, team: 'red', detail: { name: 'mine' } },
  ])
  await admin.updateTeam('red', { quotas: { maxQueued: 9 } })
  const [change] = (await admin.listAudit({ action: 'updateTeam' })).items
  expect(change?.detail).toMatchObject({
    before: { weight: 1, quotas: { maxQueued: null } },
    after: { weight: 1, quotas: { maxQueued: 9 } },
  })
  const { secret } = await red.client.rotateKey(red.keyId)
  const everything = JSON.stringify(await jobs().query('SELECT * FROM audit_entry'))
  for (const told of [secret, red.secret]) expect(everything).not.toContain(told)
})

test('the record is paged newest first, and of a team its own part', async () => {
  const { red, blue, admin } = house()
  for (let i = 0; i < 5; i += 1) await red.client.submitJob(JOB)
  await blue.client.submitJob(JOB)
  const seen: number[] = []
  let cursor: string | undefined
  do {
    const page = await red.client.listAudit({ limit: 2, ...(cursor && { cursor }) })
    expect(new Set(page.items.map((entry) => entry.team))).toEqual(new Set(['red']))
    seen.push(...page.items.map((entry) => entry.id))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(seen).toHaveLength(7) // the team, its key, five jobs
  expect(seen).toEqual([...seen].sort((a, b) => b - a))
  expect((await admin.listAudit({ team: 'blue', action: 'submitJob' })).items).toHaveLength(1)
  await expect(admin.listAudit({ cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({ status: 400 })
  expect((await admin.listAudit({ action: 'createTeam' })).items).toHaveLength(2)
})
