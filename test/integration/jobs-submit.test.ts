// Submitting and finding jobs.
import { expect, test } from 'vitest'
import { specWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs()

test('a submitted job is queued, has one event, and can be read back whole', async () => {
  const { submit, service } = jobs()
  const job = await submit({ labels: { team: 'a' }, gates: { accuracy: '>= 0.5' }, priority: 70 })
  expect(job).toMatchObject({
    name: 'tiny',
    state: 'queued',
    verdict: null,
    attempt: 0,
    priority: 70,
    labels: { team: 'a' },
    spec: specWith({ labels: { team: 'a' }, gates: { accuracy: '>= 0.5' }, priority: 70 }),
    queue: { position: 1, reason: 'no worker is connected' },
    cancelRequested: false,
    startedAt: null,
    finishedAt: null,
  })
  expect(Math.abs(Date.parse(job.createdAt) - Date.now())).toBeLessThan(60_000)
  expect(await service.getJob(job.id)).toEqual(job)
  const { items } = await service.listEvents(job.id, { after: 0, limit: 10 })
  expect(items).toMatchObject([{ seq: 1, type: 'state', data: { state: 'queued', attempt: 0 } }])
})

test('equal specs have equal hashes whatever the order of their fields', async () => {
  const { submit } = jobs()
  const one = await submit({ labels: { a: '1', b: '2' } })
  const other = await submit({ labels: { b: '2', a: '1' } })
  const third = await submit({ labels: { a: '1' } })
  expect(one.specHash).toBe(other.specHash)
  expect(third.specHash).not.toBe(one.specHash)
})

test('the same key with the same body gives the same job, replayed', async () => {
  const { service } = jobs()
  const submission = { spec: specWith({}), idempotencyKey: 'k', bodyHash: 'b' }
  const first = await service.submit(submission)
  const second = await service.submit(submission)
  expect([first.replayed, second.replayed]).toEqual([false, true])
  expect(second.job).toEqual(first.job)
})

test('the same key with another body is refused', async () => {
  const { submit } = jobs()
  await submit({}, { idempotencyKey: 'k', bodyHash: 'b' })
  await expect(submit({}, { idempotencyKey: 'k', bodyHash: 'c' })).rejects.toMatchObject({
    code: 'idempotency.mismatch',
    status: 422,
  })
})

test('fifty submissions at once with one key make one job', async () => {
  const { service, query } = jobs()
  const submission = { spec: specWith({}), idempotencyKey: 'k', bodyHash: 'b' }
  const answers = await Promise.all(Array.from({ length: 50 }, () => service.submit(submission)))
  expect(new Set(answers.map((answer) => answer.job.id)).size).toBe(1)
  expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
  expect(await query('SELECT count(*)::int AS jobs FROM job')).toEqual([{ jobs: 1 }])
  expect(await query('SELECT count(*)::int AS events FROM job_event')).toEqual([{ events: 1 }])
})

test('jobs sent at once are written together, and one that cannot be written fails alone', async () => {
  const { context, service, query } = jobs()
  const batches: number[] = []
  const { statement } = context.db
  Object.assign(context.db, {
    statement: (work: Parameters<typeof statement>[0]) =>
      statement((tables) => {
        const insertWhole: typeof tables.newJobs.insertWhole = (all) => {
          batches.push(all.length)
          return tables.newJobs.insertWhole(all)
        }
        return work({ ...tables, newJobs: { insertWhole } })
      }),
  })
  const names = [...Array.from({ length: 20 }, (_, n) => `job-${n}`), 'not\u0000storable', 'last']
  const sent = names.map((name) => service.submit({ spec: { ...specWith({}), name }, bodyHash: 'b' }))
  const outcomes = await Promise.allSettled(sent)
  expect(outcomes.map(({ status }) => status)).toEqual(
    names.map((name) => (name.includes('\u0000') ? 'rejected' : 'fulfilled')),
  )
  expect(Math.max(...batches)).toBeGreaterThan(10)
  const stored = names.filter((name) => !name.includes('\u0000')).sort()
  const rows = await query(`SELECT job.name, detail ->> 'name' AS recorded, type, seq FROM job
    JOIN job_event ON job_event.job_id = job.id JOIN audit_entry ON target_id = job.id::text`)
  expect(rows.map(({ name }) => name).sort()).toEqual(stored)
  for (const { name, ...rest } of rows) expect(rest).toEqual({ recorded: name, type: 'state', seq: 1 })
})

test('a label that PostgreSQL cannot store is named as a fault', async () => {
  const { submit } = jobs()
  await expect(submit({ labels: { 'a/b': 'x\u0000' } })).rejects.toMatchObject({
    code: 'spec.invalid',
    faults: [{ path: '/labels/a~1b' }],
  })
})

test('a spec keeps any text that JSON can hold outside of labels', async () => {
  const { submit, service } = jobs()
  const description = 'NUL \u0000, half a pair \uD800, emoji 🥃'
  const { id } = await submit({ description })
  expect((await service.getJob(id)).spec.description).toBe(description)
})

test('jobs are listed newest first, page by page, without gap or repetition', async () => {
  const { submit, service } = jobs()
  const ids: string[] = []
  for (let n = 0; n < 5; n += 1) ids.unshift((await submit()).id)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await service.listJobs({ labels: {}, limit: 2, ...(cursor && { cursor }) })
    seen.push(...page.items.map((job) => job.id))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(seen).toEqual(ids)
})

test('jobs are found by state and by all of the given labels', async () => {
  const { submit, service } = jobs()
  const one = await submit({ labels: { team: 'a', kind: 'x' } })
  const other = await submit({ labels: { team: 'a', kind: 'y' } })
  await submit({ labels: { team: 'b', kind: 'x' } })
  await service.cancelJob(other.id)
  const find = async (filter: { state?: 'queued' | 'cancelled'; labels: Record<string, string> }) =>
    (await service.listJobs({ limit: 10, ...filter })).items.map((job) => job.id)
  expect(await find({ labels: { team: 'a', kind: 'x' } })).toEqual([one.id])
  expect(await find({ labels: { team: 'a' }, state: 'cancelled' })).toEqual([other.id])
  expect(await find({ labels: { team: 'a\u0000' } })).toEqual([])
})

test('a cursor that no page gave is refused', async () => {
  await expect(jobs().service.listJobs({ labels: {}, limit: 2, cursor: 'nonsense' })).rejects.toMatchObject({
    code: 'request.invalid',
    faults: [{ path: '/cursor' }],
  })
})

test('an unknown job is not found, and neither is an id that is no UUID', async () => {
  const { service } = jobs()
  for (const id of ['00000000-0000-7000-8000-000000000000', 'x', "'; DROP TABLE job; --", '\u0000']) {
    await expect(service.getJob(id)).rejects.toMatchObject({ code: 'job.not_found' })
    await expect(service.cancelJob(id)).rejects.toMatchObject({ code: 'job.not_found' })
    await expect(service.retryJob(id)).rejects.toMatchObject({ code: 'job.not_found' })
    await expect(service.listArtifacts(id)).rejects.toMatchObject({ code: 'job.not_found' })
    await expect(service.finish({ jobId: id, attempt: 1 }, { outcome: 'cancelled' })).rejects.toMatchObject({
      code: 'job.not_found',
    })
  }
})

test('times are right although the server lives in another time zone', async () => {
  const { submit, query } = jobs()
  const job = await submit()
  const [row] = await query("SELECT current_setting('TimeZone') AS zone, extract(epoch FROM created_at) AS at FROM job")
  expect(row?.['zone']).toBe('Asia/Kolkata')
  expect(Date.parse(job.createdAt) / 1000).toBeCloseTo(Number(row?.['at']), 2)
})

test('a key is known by its secret only, can be replaced and can be revoked', async () => {
  const { service, query } = jobs()
  await service.ensureKey({ name: 'ci', secret: 'first-secret-of-ci', scopes: ['jobs:read', 'jobs:write'] })
  const key = await service.authenticate('first-secret-of-ci')
  expect(key).toMatchObject({ name: 'ci', scopes: ['jobs:read', 'jobs:write'] })
  expect(await service.authenticate('first-secret-of-c')).toBeNull()
  await service.ensureKey({ name: 'ci', secret: 'second-secret-of-ci', scopes: ['jobs:read'] })
  expect(await service.authenticate('first-secret-of-ci')).toBeNull()
  expect(await service.authenticate('second-secret-of-ci')).toMatchObject({ id: key?.id, scopes: ['jobs:read'] })
  const [row] = await query('SELECT prefix, last_used_at, row_to_json(api_key)::text AS everything FROM api_key')
  expect(row?.['last_used_at']).not.toBeNull()
  expect(row?.['everything']).not.toContain('secret-of-ci')
  await query('UPDATE api_key SET revoked_at = now()')
  await expect(service.authenticate('second-secret-of-ci')).rejects.toMatchObject({
    code: 'auth.invalid',
    message: expect.stringContaining('was revoked at'),
  })
})
