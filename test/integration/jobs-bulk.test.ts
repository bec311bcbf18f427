// One call about many jobs, and the priority of one.
import { dispatch, newJobIds } from '@stillhouse/jobs'
import { MOST_CHANGED } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { specWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const UNKNOWN = '00000000-0000-7000-8000-000000000000'
const SWEEP = { labels: { sweep: 'lr' } }

async function statesOf(ids: readonly string[]): Promise<string[]> {
  return Promise.all(ids.map(async (id) => (await jobs().service.getJob(id)).state))
}

const actions = () => jobs().query('SELECT action, count(*)::int FROM audit_entry GROUP BY action ORDER BY action')

test('all jobs with a label are cancelled in one call, others are left alone', async () => {
  const { submit, service, running, query } = jobs()
  const { id: runs } = await running(SWEEP)
  const waits = await submit(SWEEP)
  const dependent = await submit({ ...SWEEP, after: [waits.id] })
  const done = await submit(SWEEP)
  await service.cancelJob(done.id)
  const other = await submit({ labels: { sweep: 'momentum' } })
  const answer = await service.changeJobs({ action: 'cancel', ...SWEEP })
  expect(answer).toEqual({
    matched: 3,
    changed: 3,
    ids: [dependent.id, waits.id, runs],
    unchanged: [],
    nextCursor: null,
  })
  // what waits is cancelled too, rather than failed by what it waits for
  expect(await statesOf([runs, waits.id, dependent.id, other.id])).toEqual([
    ...['running', 'cancelled', 'cancelled', 'queued'],
  ])
  expect((await service.getJob(runs)).cancelRequested).toBe(true)
  expect(await actions()).toEqual([
    { action: 'cancelJob', count: 4 },
    { action: 'changeJobs', count: 1 },
    { action: 'submitJob', count: 5 },
  ])
  expect(await query("SELECT target_id, detail FROM audit_entry WHERE action = 'changeJobs'")).toMatchObject([
    { target_id: 'default', detail: { action: 'cancel', labels: SWEEP.labels, matched: 3, changed: 3 } },
  ])
  const again = await service.changeJobs({ action: 'cancel', ...SWEEP })
  expect(again).toMatchObject({
    changed: 0,
    unchanged: [{ id: runs, reason: 'it is cancelled already, or asked to stop' }],
  })
  expect(await actions()).toHaveLength(3)
})

test('a dry run says what would come of it and changes nothing', async () => {
  const { submit, service, query } = jobs()
  const first = await submit(SWEEP)
  const dependent = await submit({ ...SWEEP, after: [first.id] })
  const before = await query('SELECT id, state, priority, event_seq FROM job ORDER BY id')
  const cancel = { action: 'cancel', ...SWEEP } as const
  const foreseen = await service.changeJobs({ ...cancel, dryRun: true })
  const priority = { action: 'set-priority', priority: 50, ...SWEEP } as const
  expect(await service.changeJobs({ ...priority, dryRun: true })).toMatchObject({ matched: 2, changed: 0 })
  expect(await service.changeJobs({ ...priority, priority: 51, dryRun: true })).toMatchObject({ changed: 2 })
  expect(await query('SELECT id, state, priority, event_seq FROM job ORDER BY id')).toEqual(before)
  expect(await service.changeJobs(cancel)).toEqual(foreseen)
  const retry = { action: 'retry', ...SWEEP } as const
  const wish = await service.changeJobs({ ...retry, dryRun: true })
  expect(wish).toMatchObject({ ids: [first.id], unchanged: [{ id: dependent.id }] })
  expect(wish.unchanged[0]?.reason).toContain('Retry that one first.')
  expect((await service.changeJobs(retry)).ids).toEqual([first.id, dependent.id])
  expect(await statesOf([first.id, dependent.id])).toEqual(['queued', 'blocked'])
})

test('jobs that were named are all accounted for, and those of others are none', async () => {
  const { submit, service, query } = jobs()
  const one = await submit()
  const done = await submit()
  await service.cancelJob(done.id)
  const [team] = await query("INSERT INTO team (id, name) VALUES (gen_random_uuid(), 'blue') RETURNING id")
  const blue = { keyId: UNKNOWN, keyName: 'blue', scopes: ['jobs:write'], teamId: String(team?.['id']), requestId: 'r' }
  const foreign = await (await service.as(blue as never).inTeam()).submit({ spec: specWith({}), bodyHash: 'b' })
  const ids = [one.id, UNKNOWN, done.id, foreign.job.id]
  expect(await service.changeJobs({ action: 'set-priority', priority: 99, ids })).toMatchObject({
    matched: 2,
    ids: [one.id],
    unchanged: [
      { id: done.id, reason: expect.stringContaining('is cancelled. Only a job that waits or runs can be changed') },
      { id: UNKNOWN, reason: 'there is no such job' },
      { id: foreign.job.id, reason: 'there is no such job' },
    ],
  })
  const inTeam = await (await service.as(blue as never).inTeam()).changeJobs({ action: 'cancel', ids })
  expect(inTeam.ids).toEqual([foreign.job.id])
})

test('a quota that is reached half way leaves the rest as they were, and says so', async () => {
  const { submit, service, query } = jobs()
  for (let i = 0; i < 3; i += 1) await submit(SWEEP)
  await service.changeJobs({ action: 'cancel', ...SWEEP })
  await query("UPDATE team SET max_queued = 2 WHERE name = 'default'")
  const { changed, unchanged } = await service.changeJobs({ action: 'retry', ...SWEEP })
  expect([changed, unchanged.length]).toEqual([2, 1])
  expect(unchanged[0]?.reason).toContain('may have 2')
})

test('more jobs than one call takes are reached with its cursor, each once', async () => {
  const { service, query } = jobs()
  const count = MOST_CHANGED + 20
  await service.submit({ spec: specWith(SWEEP), bodyHash: 'b' })
  await query(
    `INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, priority, labels)
     SELECT copy.id, team_id, name, spec, spec_hash, body_hash, priority, labels
     FROM job CROSS JOIN unnest($1::uuid[]) AS copy(id)`,
    [newJobIds(count - 1)],
  )
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page = await service.changeJobs({ action: 'cancel', ...SWEEP, ...(cursor === null ? {} : { cursor }) })
    seen.push(...page.ids)
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(seen).toHaveLength(count)
  expect(new Set(seen).size).toBe(count)
  expect(await query("SELECT count(*)::int FROM job WHERE state = 'cancelled'")).toEqual([{ count }])
}, 120_000)

test('a changed priority decides who is next, is an event and an entry, and ends with the job', async () => {
  const { submit, service, worker, context } = jobs()
  const first = await submit()
  const second = await submit()
  const changed = await service.changeJob({ id: second.id, priority: 90 })
  expect(changed).toMatchObject({ priority: 90, spec: { priority: 50 }, queue: { position: 1 } })
  const { items } = await service.listEvents(second.id, { after: 1, limit: 10 })
  expect(items).toMatchObject([{ seq: 2, type: 'note', data: { message: 'The priority was changed from 50 to 90.' } }])
  await service.changeJob({ id: second.id, priority: 90 })
  expect((await service.listEvents(second.id, { after: 2, limit: 10 })).items).toEqual([])
  await worker()
  await dispatch(context)
  expect(await statesOf([first.id, second.id])).toEqual(['queued', 'dispatched'])
  await service.cancelJob(first.id)
  await expect(service.changeJob({ id: first.id, priority: 1 })).rejects.toMatchObject({ code: 'job.state_conflict' })
  expect(await actions()).toContainEqual({ action: 'changeJob', count: 1 })
})
