// What a team may use: jobs that wait, jobs that run, bytes that are kept – and what the queue tells of it.
import { dispatch } from '@stillhouse/jobs'
import type { Job } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { specWith, useJobs } from './jobs-harness.ts'
import { finishNext, JOB, type Member, useTwoTeams } from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const house = useTwoTeams(jobs)

const submit = async ({ client }: Member, change: object = {}): Promise<Job> =>
  (await client.submitJob({ ...JOB, ...change })).job
const placeOf = async ({ client }: Member, { id }: Job) => (await client.getJob(id)).queue

test('a team that may have so many waiting jobs is refused the next, and told how many', async () => {
  const { red, blue, admin } = house()
  await admin.updateTeam('red', { quotas: { maxQueued: 2 } })
  const first = await submit(red)
  await red.client.submitJob(JOB, { idempotencyKey: 'k' })
  await expect(submit(red)).rejects.toMatchObject({
    status: 429,
    code: 'quota.jobs_queued',
    message: expect.stringContaining('has 2 waiting jobs and may have 2'),
  })
  expect((await red.client.submitJob(JOB, { idempotencyKey: 'k' })).replayed).toBe(true)
  await submit(blue)
  await red.client.cancelJob(first.id)
  await submit(red)
  await expect(red.client.retryJob(first.id)).rejects.toMatchObject({ status: 429, code: 'quota.jobs_queued' })
  expect((await red.client.getJob(first.id)).state).toBe('cancelled')
  expect((await admin.getTeam('red')).usage).toEqual({ running: 0, queued: 2, artifactBytes: 0, gpus: 0, gpuHours: 0 })
})

test('a refusal has no Retry-After: nobody knows when a job will start', async () => {
  const { red, admin, call } = house()
  await admin.updateTeam('red', { quotas: { maxQueued: 0 } })
  const headers = { 'content-type': 'application/json' }
  const response = await call(red.secret, '/v1/jobs', { method: 'POST', headers, body: JSON.stringify(JOB) })
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, null])
})

test('of many submissions at once as many are taken as fit', async () => {
  const { red, admin } = house()
  await admin.updateTeam('red', { quotas: { maxQueued: 3 } })
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => submit(red)))
  expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(3)
  expect((await red.client.listJobs()).items).toHaveLength(3)
})

test('a team that keeps too many bytes is refused further jobs and told whom to ask', async () => {
  const { red, blue, admin } = house()
  const { id } = await submit(red)
  await finishNext(jobs(), house(), id)
  const { artifactBytes } = (await admin.getTeam('red')).usage
  expect(artifactBytes).toBeGreaterThan(0)
  await admin.updateTeam('red', { quotas: { maxArtifactBytes: artifactBytes } })
  await submit(red)
  await admin.updateTeam('red', { quotas: { maxArtifactBytes: artifactBytes - 1 } })
  await expect(submit(red)).rejects.toMatchObject({
    status: 429,
    code: 'quota.artifact_bytes',
    message: expect.stringMatching(new RegExp(`have ${artifactBytes} bytes .* ask an administrator`)),
  })
  await submit(blue)
})

test('a team runs no more jobs than it may, and holds up nobody', async () => {
  const { red, blue, admin } = house()
  const { worker, handOut, queue, service } = jobs()
  await admin.updateTeam('red', { quotas: { maxRunning: 1 } })
  const [one, two, three] = [await submit(red), await submit(red), await submit(red)]
  const other = await submit(blue)
  const held = (ahead: string) => ({
    position: null,
    kind: 'quota',
    reason: `the team red may run 1 job at a time and runs ${ahead}`,
    expectedStart: null,
  })
  expect(await placeOf(red, one)).toMatchObject({ position: 1 })
  expect(await placeOf(red, two)).toEqual(held('0; 1 job of the team is ahead'))
  expect(await placeOf(red, three)).toEqual(held('0; 2 jobs of the team are ahead'))
  expect(await placeOf(blue, other)).toMatchObject({ position: 2 })
  const workerId = await worker({ slots: 3 })
  await handOut()
  expect([...queue.held.values()].map((message) => message.jobId)).toEqual([one.id, other.id])
  await service.claim(one.id, { workerId, attempt: 1 })
  expect(await placeOf(red, two)).toEqual(held('1'))
  await handOut()
  expect((await red.client.getJob(two.id)).state).toBe('queued')
  await service.finish({ jobId: one.id, attempt: 1 }, { outcome: 'failed', code: 'data.invalid', message: 'x' })
  await handOut()
  expect((await red.client.getJob(two.id)).state).toBe('dispatched')
  await admin.updateTeam('red', { quotas: { maxRunning: null } })
  await handOut()
  expect((await red.client.getJob(three.id)).state).toBe('dispatched')
})

test('two dispatchers at once keep to the limit', async () => {
  const { red, admin } = house()
  const { worker, context, query } = jobs()
  await admin.updateTeam('red', { quotas: { maxRunning: 2 } })
  for (let n = 0; n < 6; n += 1) await submit(red)
  await worker({ slots: 5 })
  const counts = await Promise.all([1, 2, 3, 4].map(() => dispatch(context)))
  expect(counts.reduce((sum, count) => sum + count)).toBe(2)
  expect(await query("SELECT count(*)::int FROM job WHERE state = 'dispatched'")).toEqual([{ count: 2 }])
})

test('a team with a limit of nothing runs nothing and says so', async () => {
  const { red, admin } = house()
  const { worker, context } = jobs()
  await admin.updateTeam('red', { quotas: { maxRunning: 0 } })
  const job = await submit(red)
  await worker({ slots: 5 })
  expect(await dispatch(context)).toBe(0)
  expect(await placeOf(red, job)).toEqual({
    position: null,
    kind: 'quota',
    reason: 'the team red may run 0 jobs at a time and runs 0',
    expectedStart: null,
  })
})

test('with ten thousand jobs of three teams waiting, two with limits, places are right and stay quick', async () => {
  const { admin } = house()
  const { worker, context, query } = jobs()
  await admin.updateTeam('red', { quotas: { maxRunning: 7 } })
  await admin.updateTeam('blue', { quotas: { maxRunning: 0 } })
  await query(
    `INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, priority)
     SELECT gen_random_uuid(), (SELECT id FROM team WHERE name = (ARRAY['default', 'red', 'blue'])[1 + n % 3]),
       'n' || n, $1::json, repeat('0', 64), '', n % 101 FROM generate_series(1, 10000) AS n`,
    [JSON.stringify(specWith({}))],
  )
  await query('ANALYZE job')
  const order = await query(
    `SELECT job.id, team.name FROM job JOIN team ON team.id = team_id
     ORDER BY row_number() OVER (PARTITION BY team_id ORDER BY priority DESC, queued_at, job.id), team_id`,
  )
  const allowed = { default: Number.POSITIVE_INFINITY, red: 7, blue: 0 } as Record<string, number>
  const expected = new Map<string, number | null>()
  let position = 0
  for (const { id, name } of order as { id: string; name: string }[]) {
    allowed[name] = (allowed[name] ?? 0) - 1
    expected.set(id, (allowed[name] ?? 0) < 0 ? null : ++position)
  }
  const started = performance.now()
  const { items } = await admin.listJobs({ limit: 200 })
  for (const job of items.slice(0, 6)) expect(await admin.getJob(job.id)).toMatchObject({ queue: job.queue })
  expect(items.map((job) => job.queue?.position)).toEqual(items.map((job) => expected.get(job.id)))
  await worker({ slots: 64 })
  expect(await dispatch(context)).toBe(64)
  expect(performance.now() - started).toBeLessThan(5000)
  const handed = (await query("SELECT id FROM job WHERE state = 'dispatched'")) as { id: string }[]
  expect(handed.map(({ id }) => expected.get(id)).sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 64 }, (_, i) => i + 1),
  )
})
