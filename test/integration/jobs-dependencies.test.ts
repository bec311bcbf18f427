// Jobs that wait for others: released, failed or left waiting as what they wait for ends, whatever happens at once.
import { dispatch, releaseReady, sweep } from '@stillhouse/jobs'
import type { Job } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { eventually, type JobsHarness, specWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const UNKNOWN = '00000000-0000-7000-8000-000000000000'

const stateOf = async (id: string): Promise<Job['state']> => (await jobs().service.getJob(id)).state

/** Ends a queued job as a worker would. */
async function run(id: string, how: 'succeeded' | 'failed', metrics: Record<string, number> = {}): Promise<void> {
  const { handOut, worker, queue, service, exportModel } = jobs()
  await worker()
  await handOut()
  const workerId = await eventually(() => queue.place.get(`${id}-1`))
  const ref = { jobId: id, attempt: 1 }
  await service.claim(id, { workerId, attempt: 1 })
  if (how === 'succeeded') await exportModel(ref)
  const failure = { outcome: 'failed', code: 'training.diverged', message: 'NaN' } as const
  await service.finish(ref, how === 'failed' ? failure : { outcome: 'succeeded', metrics, metricSeq: 0 })
}

async function faultsOf(submission: Promise<unknown>): Promise<unknown> {
  const error = await submission.then(
    () => null,
    (refused) => refused,
  )
  expect(error).toMatchObject({ code: 'spec.invalid' })
  return error.faults
}

/** States of a job so far, as its events tell. */
async function statesOf({ service }: JobsHarness, id: string): Promise<unknown[]> {
  const { items } = await service.listEvents(id, { after: 0, limit: 100 })
  expect(items.map(({ seq }) => seq)).toEqual(items.map((_, i) => i + 1))
  return items.flatMap((event) => (event.type === 'state' ? [event.data.state] : []))
}

test('a job waits until what it names has succeeded, says so, and is not handed out before', async () => {
  const { submit, service, context } = jobs()
  const first = await submit({ name: 'first' })
  const second = await submit({ name: 'second' })
  const waiting = await submit({ after: [first.id, { job: second.id }] })
  expect(waiting).toMatchObject({
    state: 'blocked',
    queue: { position: null, kind: 'dependency', reason: 'waits for job first (queued), 1 more', expectedStart: null },
  })
  expect((await service.listJobs({ labels: {}, limit: 10 })).items[0]).toEqual(waiting)
  await run(first.id, 'succeeded')
  expect(await service.getJob(waiting.id)).toMatchObject({
    state: 'blocked',
    queue: { reason: 'waits for job second (queued)' },
  })
  const before = Date.now()
  await run(second.id, 'succeeded')
  expect(await stateOf(waiting.id)).toBe('queued')
  const [row] = await jobs().query('SELECT queued_at FROM job WHERE id = $1', [waiting.id])
  expect(Number(row?.['queued_at'])).toBeGreaterThan(before - 1000)
  expect(await statesOf(jobs(), waiting.id)).toEqual(['blocked', 'queued'])
  await jobs().worker()
  expect(await dispatch(context)).toBe(1)
})

test('a job whose dependencies are done already is queued at once', async () => {
  const { submit } = jobs()
  const first = await submit()
  await run(first.id, 'succeeded')
  const job = await submit({ after: [first.id] })
  expect(job.state).toBe('queued')
  expect(await statesOf(jobs(), job.id)).toEqual(['queued'])
})

test('a job taught by one that has not ended waits for it, and fails with it', async () => {
  const { submit, service } = jobs()
  const teacher = await submit({ name: 'teacher' })
  const student = await submit({ method: { name: 'kd' }, teacher: { from: { job: teacher.id } } })
  expect(student).toMatchObject({ state: 'blocked', queue: { reason: 'waits for job teacher (queued)' } })
  const grandchild = await submit({ name: 'grandchild', after: [student.id] })
  await run(teacher.id, 'failed')
  expect(await service.getJob(student.id)).toMatchObject({
    state: 'failed',
    failure: {
      code: 'dependency.failed',
      message: `This job waits for teacher (${teacher.id}) to succeed, and job teacher failed.`,
    },
  })
  expect(await service.getJob(grandchild.id)).toMatchObject({ state: 'failed', failure: { code: 'dependency.failed' } })
})

test.each([
  ['finished', 'failed', {}, 'queued'],
  ['succeeded', 'succeeded', { accuracy: 0.1 }, 'queued'],
  ['passed', 'succeeded', { accuracy: 0.9 }, 'queued'],
  ['passed', 'succeeded', { accuracy: 0.1 }, 'failed'],
  ['passed', 'failed', {}, 'failed'],
] as const)('with the condition %s, after one that %s with %j, a job is %s', async (condition, how, metrics, state) => {
  const { submit } = jobs()
  const first = await submit({ gates: { accuracy: '>= 0.5' } })
  const waiting = await submit({ after: [{ job: first.id, condition }] })
  await run(first.id, how, metrics)
  expect(await stateOf(waiting.id)).toBe(state)
})

test('with otherwise: wait a job outlives the failure, says who must act, and goes on after a retry', async () => {
  const { submit, service } = jobs()
  const first = await submit({ name: 'first' })
  const other = await submit({ name: 'other' })
  const waiting = await submit({ after: [other.id, { job: first.id, otherwise: 'wait' }] })
  await service.cancelJob(first.id)
  expect(await service.getJob(waiting.id)).toMatchObject({
    state: 'blocked',
    queue: { reason: 'waits for job first (cancelled, until somebody retries it), 1 more' },
  })
  expect((await submit({ after: [{ job: first.id, otherwise: 'wait' }] })).state).toBe('blocked')
  await service.cancelJob(other.id)
  expect(await stateOf(waiting.id)).toBe('failed')
})

test('a job that missed its gates never runs again, so nobody waits for it to pass', async () => {
  const { submit, service } = jobs()
  const first = await submit({ gates: { accuracy: '>= 0.5' } })
  const waiting = await submit({ after: [{ job: first.id, condition: 'passed', otherwise: 'wait' }] })
  await run(first.id, 'succeeded', { accuracy: 0.1 })
  expect(await service.getJob(waiting.id)).toMatchObject({
    state: 'failed',
    failure: {
      message: expect.stringContaining('to succeed with all gates passed, and job tiny succeeded, but missed'),
    },
  })
  await expect(service.retryJob(waiting.id)).rejects.toMatchObject({
    code: 'job.state_conflict',
    message: expect.stringContaining('Submit both anew.'),
  })
})

test('jobs that there are not, or that ended in vain, are faults where they are named', async () => {
  const { submit, service, query } = jobs()
  const first = await submit({ name: 'first' })
  await service.cancelJob(first.id)
  const spec = { after: [UNKNOWN, first.id, { job: first.id.replace(/.$/, 'z') }] }
  expect(() => specWith(spec)).toThrow('/after/2/job')
  expect(await faultsOf(submit({ after: [UNKNOWN, first.id] }))).toMatchObject([
    { path: '/after/0/job', message: 'there is no such job', received: UNKNOWN },
    { path: '/after/1/job', message: 'waits in vain: job first was cancelled' },
  ])
  expect(await faultsOf(submit({ method: { name: 'kd' }, teacher: { from: { job: first.id } } }))).toMatchObject([
    { path: '/teachers/0/from/job', received: 'first, which was cancelled' },
  ])
  expect(await query('SELECT count(*)::int AS jobs FROM job')).toEqual([{ jobs: 1 }])
  await expect((await service.inTeam()).dependencyFaults(specWith({ after: [UNKNOWN] }))).resolves.toHaveLength(1)
})

test('a job of another team is none', async () => {
  const { submit, service, query } = jobs()
  const { id } = await submit()
  const [team] = await query("INSERT INTO team (id, name) VALUES (gen_random_uuid(), 'blue') RETURNING id")
  const blue = await service
    .as({ keyId: UNKNOWN, keyName: 'blue', scopes: ['jobs:write'], teamId: String(team?.['id']), requestId: 'r' })
    .inTeam()
  const foreign = blue.submit({ spec: specWith({ after: [id] }), bodyHash: 'b' })
  expect(await faultsOf(foreign)).toMatchObject([{ path: '/after/0/job', message: 'there is no such job' }])
})

test('a repeat with the same Idempotency-Key is answered although what it waits for has failed since', async () => {
  const { submit, service } = jobs()
  const first = await submit()
  const submission = { spec: specWith({ after: [first.id] }), idempotencyKey: 'k', bodyHash: 'b' }
  const { job } = await service.submit(submission)
  await service.cancelJob(first.id)
  expect(await service.submit(submission)).toMatchObject({ replayed: true, job: { id: job.id, state: 'failed' } })
})

test('a retried job waits again; those that failed with it are left to their users', async () => {
  const { submit, service } = jobs()
  const first = await submit({ name: 'first' })
  const waiting = await submit({ after: [first.id] })
  await service.cancelJob(first.id)
  await expect(service.retryJob(waiting.id)).rejects.toMatchObject({
    code: 'job.state_conflict',
    message: expect.stringContaining(`waits for job first (${first.id}), which is cancelled. Retry that one first.`),
  })
  await service.retryJob(first.id)
  expect(await stateOf(waiting.id)).toBe('failed')
  expect(await service.retryJob(waiting.id)).toMatchObject({ state: 'blocked', failure: null, finishedAt: null })
  await run(first.id, 'succeeded')
  expect(await stateOf(waiting.id)).toBe('queued')
  await service.cancelJob(waiting.id)
  expect((await service.retryJob(waiting.id)).state).toBe('queued')
  expect(await statesOf(jobs(), waiting.id)).toEqual([
    ...['blocked', 'failed', 'blocked', 'queued', 'cancelled', 'queued'],
  ])
})

test('a blocked job is cancelled at once, and counts among those that wait', async () => {
  const { submit, service, query } = jobs()
  await query("UPDATE team SET max_queued = 2 WHERE name = 'default'")
  const first = await submit()
  const waiting = await submit({ after: [first.id] })
  await expect(submit()).rejects.toMatchObject({ code: 'quota.jobs_queued' })
  expect(await service.cancelJob(waiting.id)).toMatchObject({ state: 'cancelled', queue: null })
  await submit({ after: [first.id] })
})

test('a lost worker that used up the last attempt fails what waits', async () => {
  const { submit, service, query, context, running } = jobs()
  const { id } = await running({ resources: { attempts: 1 } })
  const waiting = await submit({ after: [id] })
  await query("UPDATE job SET lease_until = now() - interval '1 minute' WHERE id = $1", [id])
  await sweep(context)
  expect(await service.getJob(waiting.id)).toMatchObject({ state: 'failed', failure: { code: 'dependency.failed' } })
})

test('a chain of a hundred fails to its end when its head is cancelled, and every link names the one before', async () => {
  const { submit, service } = jobs()
  const chain = [await submit({ name: 'link-0' })]
  for (let i = 1; i < 100; i += 1) chain.push(await submit({ name: `link-${i}`, after: [chain[i - 1]?.id ?? ''] }))
  await service.cancelJob(chain[0]?.id ?? '')
  const last = await service.getJob(chain[99]?.id ?? '')
  expect(last.failure?.message).toBe(
    `This job waits for link-98 (${chain[98]?.id}) to succeed, and job link-98 failed.`,
  )
  expect((await service.listJobs({ labels: {}, state: 'failed', limit: 200 })).items).toHaveLength(99)
})

test('two hundred jobs that wait for one are queued with its success', async () => {
  const { submit, service } = jobs()
  const first = await submit()
  const ids = await Promise.all(Array.from({ length: 200 }, async () => (await submit({ after: [first.id] })).id))
  await run(first.id, 'succeeded')
  const { items } = await service.listJobs({ labels: {}, state: 'queued', limit: 200 })
  expect(new Set(items.map(({ id }) => id))).toEqual(new Set(ids))
}, 60_000)

test('a job submitted while what it waits for ends is never left behind', async () => {
  const { submit, service } = jobs()
  for (let round = 0; round < 20; round += 1) {
    const first = await submit()
    const spec = specWith({ after: [{ job: first.id, condition: 'finished' }] })
    const submissions = Array.from({ length: 4 }, () => service.submit({ spec, bodyHash: 'b' }))
    const [, ...answers] = await Promise.all([service.cancelJob(first.id), ...submissions])
    for (const { job } of answers) expect(await stateOf(job.id)).toBe('queued')
    for (const { job } of answers) await service.cancelJob(job.id)
  }
}, 60_000)

test('of two that end at once the later one releases the job', async () => {
  const { submit, service } = jobs()
  for (let round = 0; round < 20; round += 1) {
    const pair = [await submit(), await submit()]
    const after = pair.map(({ id }) => ({ job: id, condition: 'finished' }))
    const waiting = await submit({ after })
    await Promise.all(pair.map(({ id }) => service.cancelJob(id)))
    expect(await stateOf(waiting.id)).toBe('queued')
    await service.cancelJob(waiting.id)
  }
}, 60_000)

test('a job cancelled together with what it waits for ends once', async () => {
  const { submit, service } = jobs()
  for (let round = 0; round < 20; round += 1) {
    const first = await submit()
    const waiting = await submit({ after: [first.id] })
    const [one, other] = await Promise.allSettled([service.cancelJob(first.id), service.cancelJob(waiting.id)])
    expect(one.status).toBe('fulfilled')
    const { state } = await service.getJob(waiting.id)
    expect(state).toBe(other.status === 'fulfilled' ? 'cancelled' : 'failed')
    expect(await statesOf(jobs(), waiting.id)).toEqual(['blocked', state])
  }
}, 60_000)

test('retries up and down a graph at once with its ends neither hang nor leave a job behind', async () => {
  const { submit, service, query } = jobs()
  await query("UPDATE team SET max_queued = 1000 WHERE name = 'default'")
  const first = await submit()
  const waiting = await submit({ after: [{ job: first.id, otherwise: 'wait' }] })
  for (let round = 0; round < 20; round += 1) {
    await service.cancelJob(waiting.id).catch(() => undefined)
    await Promise.allSettled([
      service.cancelJob(first.id),
      service.retryJob(waiting.id),
      service.retryJob(first.id),
      submit({ after: [{ job: first.id, otherwise: 'wait' }] }),
    ])
    expect(await stateOf(waiting.id)).toBe('blocked')
  }
  expect(await releaseReady(jobs().context)).toBe(0)
}, 60_000)

test('a waiting job that was left behind is found and moved on', async () => {
  const { submit, query, context } = jobs()
  const [first, failed] = [await submit(), await submit()]
  const released = await submit({ after: [first.id] })
  const doomed = await submit({ after: [failed.id] })
  const open = await submit({ after: [(await submit()).id] })
  const stuck = await submit({ after: [{ job: failed.id, otherwise: 'wait' }] })
  await query("UPDATE job SET state = 'succeeded', verdict = 'passed' WHERE id = $1", [first.id])
  await query("UPDATE job SET state = 'failed' WHERE id = $1", [failed.id])
  const forgotten = await submit({ after: [open.id] })
  await query('DELETE FROM job_dependency WHERE job_id = $1', [forgotten.id])
  expect(await releaseReady(context)).toBe(3)
  expect(await Promise.all([released, doomed, forgotten, open, stuck].map(({ id }) => stateOf(id)))).toEqual([
    ...['queued', 'failed', 'queued', 'blocked', 'blocked'],
  ])
  expect(await releaseReady(context)).toBe(0)
})
