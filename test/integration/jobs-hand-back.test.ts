// Jobs that are wanted back from their workers, and workers that an administrator takes out of service.
import { type Caller, dispatch, sweep } from '@stillhouse/jobs'
import { DEFAULT_TEAM, type Worker } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { eventually, useJobs } from './jobs-harness.ts'

// nothing is taken back for waiting too long
const jobs = useJobs({ leaseSeconds: 30, claimSeconds: 60 })
const ADMIN: Caller = {
  keyId: '00000000-0000-7000-8000-00000000000b',
  keyName: 'operator',
  scopes: ['admin'],
  teamId: null,
  requestId: 'operation',
}
const NEW = { features: ['hand-back' as const] }

const change = (id: string, mode: Worker['mode']) => jobs().service.as(ADMIN).changeWorker({ id, mode })
const orderOf = async (workerId: string, jobId: string, attempt = 1) =>
  (await jobs().service.heartbeat(workerId, { state: 'active', jobs: [{ jobId, attempt }] })).jobs[0]
const ending = async (jobId: string, attempt = 1) =>
  (await jobs().query('SELECT ending FROM job_attempt WHERE job_id = $1 AND attempt = $2', [jobId, attempt]))[0]

async function reasons(jobId: string): Promise<unknown[]> {
  const { items } = await jobs().service.listEvents(jobId, { after: 0, limit: 100 })
  return items.flatMap((event) => (event.type === 'state' ? [event.data.reason] : []))
}

/** A job that runs on a worker of the newest version. */
async function runsOn(name: string, overrides: object = {}): Promise<{ id: string; workerId: string }> {
  const { worker, submit, handOut, service } = jobs()
  const workerId = await worker({ name, ...NEW })
  const { id } = await submit(overrides)
  await handOut()
  await service.claim(id, { workerId, attempt: 1 })
  return { id, workerId }
}

test('a preempted job is ordered back with the reason, waits again, has lost no attempt, and its event says by what', async () => {
  const { service, context, query } = jobs()
  const { id, workerId } = await runsOn('w1')
  const reason = 'preempted by a job of higher priority'
  await context.db.transaction((tx) => tx.jobs.requestHandBack([id], reason))
  expect(await orderOf(workerId, id)).toMatchObject({ order: 'hand-back', reason })
  expect(await service.finish({ jobId: id, attempt: 1 }, { outcome: 'handed-back', reason })).toBe('queued')
  expect(await ending(id)).toEqual({ ending: 'preempted' })
  expect((await reasons(id)).at(-1)).toBe(reason)
  expect(await query('SELECT failures, stop_reason FROM job WHERE id = $1', [id])).toEqual([
    { failures: 0, stop_reason: null },
  ])
})

test('a job that finishes before it is handed back is finished', async () => {
  const { service, context, exportModel } = jobs()
  const { id } = await runsOn('w1')
  await context.db.transaction((tx) => tx.jobs.requestHandBack([id], 'preempted by a job of higher priority'))
  await exportModel({ jobId: id, attempt: 1 })
  const outcome = { outcome: 'succeeded' as const, metrics: {}, metricSeq: 0 }
  expect(await service.finish({ jobId: id, attempt: 1 }, outcome)).toBe('succeeded')
  expect(await ending(id)).toEqual({ ending: 'succeeded' })
})

test('a worker that has not said that it can hand back is never told to', async () => {
  const { context, running } = jobs()
  const { id, workerId } = await running()
  await context.db.transaction((tx) => tx.jobs.requestHandBack([id], 'preempted by a job of higher priority'))
  expect(await orderOf(workerId, id)).toEqual({ jobId: id, attempt: 1, order: 'go-on' })
})

test('draining a worker wants its running job back, takes back what it has not claimed, and gives it nothing new', async () => {
  const { worker, submit, handOut, service, queue } = jobs()
  const workerId = await worker({ name: 'old-rack', slots: 2, ...NEW })
  const first = await submit()
  const second = await submit()
  await handOut()
  await service.claim(first.id, { workerId, attempt: 1 })
  expect(await change(workerId, 'draining')).toMatchObject({
    mode: 'draining',
    busy: 1,
    handsBack: true,
    jobs: [{ id: first.id, name: 'tiny', team: 'default', attempt: 1, stopReason: 'worker old-rack is drained' }],
  })
  expect(await service.getJob(second.id)).toMatchObject({ state: 'queued' })
  expect((await reasons(second.id)).at(-1)).toBe('worker old-rack is drained')
  await expect(service.claim(second.id, { workerId, attempt: 1 })).rejects.toMatchObject({ code: 'attempt.stale' })
  expect(await orderOf(workerId, first.id)).toMatchObject({
    order: 'hand-back',
    reason: 'worker old-rack is drained',
  })
  await service.finish(
    { jobId: first.id, attempt: 1 },
    { outcome: 'handed-back', reason: 'worker old-rack is drained' },
  )
  expect(await ending(first.id)).toEqual({ ending: 'handed-back' })
  expect((await reasons(first.id)).at(-1)).toBe('worker old-rack is drained')
  expect(await dispatch(jobs().context)).toBe(0)
  const other = await worker({ name: 'new-rack', slots: 2, ...NEW })
  await handOut()
  expect(queue.place.get(`${first.id}-2`)).toBe(other)
  expect(queue.held.has(`${second.id}-1`)).toBe(false)
})

test('cordoning a worker lets its job run to the end, takes back what it has not claimed, and gives it nothing new', async () => {
  const { worker, submit, handOut, service } = jobs()
  const workerId = await worker({ slots: 2, ...NEW })
  const first = await submit()
  const second = await submit()
  await handOut()
  await service.claim(first.id, { workerId, attempt: 1 })
  expect(await change(workerId, 'cordoned')).toMatchObject({ mode: 'cordoned', jobs: [{ stopReason: null }] })
  expect(await orderOf(workerId, first.id)).toMatchObject({ order: 'go-on' })
  expect(await service.getJob(second.id)).toMatchObject({ state: 'queued' })
  expect((await reasons(second.id)).at(-1)).toBe('worker w1 takes no new jobs')
  await handOut()
  expect(await service.getJob(second.id)).toMatchObject({ state: 'queued' })
  await change(workerId, 'active')
  await handOut()
  expect(await service.getJob(second.id)).toMatchObject({ state: 'dispatched' })
})

test.each(['active', 'cordoned'] as const)(
  'a job that was not handed back yet goes on when the drained worker becomes %s, and one that is preempted does not',
  async (mode) => {
    const { context, worker, submit, handOut, service } = jobs()
    const workerId = await worker({ slots: 2, ...NEW })
    const drained = await submit()
    const preempted = await submit()
    await handOut()
    for (const { id } of [drained, preempted]) await service.claim(id, { workerId, attempt: 1 })
    const reason = 'preempted by a job of higher priority'
    await context.db.transaction((tx) => tx.jobs.requestHandBack([preempted.id], reason))
    await change(workerId, 'draining')
    expect(await orderOf(workerId, drained.id)).toMatchObject({ order: 'hand-back' })
    await change(workerId, mode)
    expect(await orderOf(workerId, drained.id)).toMatchObject({ order: 'go-on' })
    expect(await orderOf(workerId, preempted.id)).toMatchObject({ order: 'hand-back', reason })
    const { items } = await service.listEvents(drained.id, { after: 0, limit: 100 })
    expect(items.flatMap((event) => (event.type === 'note' ? [event.data.message] : []))).toEqual([
      'Worker w1 is drained: it hands the job back with a checkpoint, and another goes on.',
      'Worker w1 is not drained any more; the job is not wanted back.',
    ])
  },
)

test('draining a worker of an earlier version leaves its job alone, and the answer says that it cannot hand back', async () => {
  const { running, service } = jobs()
  const { id, workerId } = await running()
  expect(await change(workerId, 'draining')).toMatchObject({ handsBack: false, busy: 1, jobs: [{ stopReason: null }] })
  expect(await orderOf(workerId, id)).toMatchObject({ order: 'go-on' })
  expect(await service.getJob(id)).toMatchObject({ state: 'running' })
})

test('a hand-over to a worker whose mode was changed beside the service is taken back by the next sweep', async () => {
  const { worker, submit, handOut, service, context, query } = jobs()
  const workerId = await worker()
  const { id } = await submit()
  await handOut()
  await query("UPDATE worker SET mode = 'cordoned' WHERE id = $1", [workerId])
  await sweep(context)
  expect(await service.getJob(id)).toMatchObject({ state: 'queued' })
})

test('what an administrator wants holds for the next start of the worker, until he wants something else', async () => {
  const { worker, service, context, query } = jobs()
  const first = await worker()
  await change(first, 'cordoned')
  await service.removeWorker(first)
  const second = await worker()
  const modes = async () => Object.fromEntries((await service.listWorkers()).map(({ id, mode }) => [id, mode]))
  expect(await modes()).toEqual({ [first]: 'cordoned', [second]: 'cordoned' })
  await service.removeWorker(second)
  await query("UPDATE worker SET last_seen_at = now() - interval '10 days'")
  await eventually(() => sweep(context).then(async () => (await service.listWorkers()).length === 1))
  expect(await modes()).toEqual({ [second]: 'cordoned' })
  await change(second, 'active')
  expect(await modes()).toEqual({ [second]: 'active' })
})

test('the list of workers names the jobs that the caller may see, with their progress, and counts the others', async () => {
  const { worker, submit, handOut, service, query } = jobs()
  const workerId = await worker({ slots: 2, memoryGb: 31.5, ...NEW })
  const own = await submit()
  const foreign = await submit()
  await handOut()
  for (const { id } of [own, foreign]) await service.claim(id, { workerId, attempt: 1 })
  const team = '00000000-0000-7000-8000-0000000000ff'
  await query("INSERT INTO team (id, name) VALUES ($1, 'blue')", [team])
  await query('UPDATE job SET team_id = $1 WHERE id = $2', [team, foreign.id])
  const progress = { stage: 'train', stageIndex: 1, stageCount: 2, step: 5, steps: 10, epoch: 0.5, epochs: 1 }
  await service.report({ jobId: own.id, attempt: 1 }, { batch: 1, metrics: [], logs: [], events: [], progress })
  expect(await service.listWorkers()).toMatchObject([
    { busy: 2, memoryGb: 31.5, handsBack: true, jobs: [{ id: own.id, team: 'default', progress: 0.75 }] },
  ])
  const [all] = await service.as(ADMIN).listWorkers()
  expect(all?.jobs.map(({ id, team, progress }) => [id, team, progress])).toEqual([
    [own.id, 'default', 0.75],
    [foreign.id, 'blue', null],
  ])
})

test('only a key of the cluster changes workers, and each change is on record once', async () => {
  const { worker, service } = jobs()
  const workerId = await worker()
  const member = service.as({ ...ADMIN, teamId: DEFAULT_TEAM.id })
  await expect(member.changeWorker({ id: workerId, mode: 'draining' })).rejects.toMatchObject({
    code: 'auth.forbidden',
  })
  await expect(change('00000000-0000-7000-8000-000000000009', 'active')).rejects.toMatchObject({
    code: 'worker.not_found',
  })
  await change(workerId, 'draining')
  await change(workerId, 'draining')
  await change(workerId, 'active')
  const { items } = await service.as(ADMIN).listAudit({ limit: 10, action: 'changeWorker' })
  expect(items.map(({ target, team, key, detail }) => ({ target, team, by: key.name, detail }))).toEqual([
    {
      target: { kind: 'worker', id: workerId },
      team: null,
      by: 'operator',
      detail: { name: 'w1', from: 'draining', to: 'active' },
    },
    {
      target: { kind: 'worker', id: workerId },
      team: null,
      by: 'operator',
      detail: { name: 'w1', from: 'active', to: 'draining' },
    },
  ])
})
