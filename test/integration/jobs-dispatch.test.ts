// Handing jobs out: order, slots, the outbox, the words that explain a wait – and what happens when two do it at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { dispatch, relayOutbox, sweep } from '@stillhouse/jobs'
import { DEFAULT_TEAM, type Device } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { specWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30 })
const GPU: Device[] = [{ kind: 'gpu', name: 'Tesla T4', memoryGb: 15 }]

async function statesById(): Promise<Record<string, string>> {
  const { items } = await jobs().service.listJobs({ labels: {}, limit: 200 })
  return Object.fromEntries(items.map((job) => [job.id, job.state]))
}

test('without a worker nothing is handed out', async () => {
  const { submit, context, service } = jobs()
  const { id } = await submit()
  expect(await dispatch(context)).toBe(0)
  expect(await service.getJob(id)).toMatchObject({ state: 'queued', attempt: 0 })
})

test('as many jobs are handed out as slots are free, highest priority first, then first come first served', async () => {
  const { submit, worker, handOut, queue, service } = jobs()
  const low = await submit({ priority: 10 })
  const first = await submit({ priority: 50 })
  const second = await submit({ priority: 50 })
  const high = await submit({ priority: 90 })
  const workerId = await worker({ slots: 3 })
  await handOut()
  expect([...queue.held.values()].map((message) => message.jobId)).toEqual([high.id, first.id, second.id])
  await handOut()
  expect(queue.held.size).toBe(3)
  await service.claim(first.id, { workerId, attempt: 1 })
  await handOut()
  expect(await statesById()).toEqual({
    [high.id]: 'dispatched',
    [first.id]: 'running',
    [second.id]: 'dispatched',
    [low.id]: 'queued',
  })
  await service.finish({ jobId: first.id, attempt: 1 }, { outcome: 'failed', code: 'data.invalid', message: 'x' })
  await handOut()
  expect((await statesById())[low.id]).toBe('dispatched')
})

test('two dispatchers at once hand out each job once and no more than there are slots', async () => {
  const { submit, worker, context, query } = jobs()
  for (let n = 0; n < 12; n += 1) await submit()
  await worker({ slots: 5 })
  const counts = await Promise.all([1, 2, 3, 4].map(() => dispatch(context)))
  expect(counts.reduce((sum, count) => sum + count)).toBe(5)
  expect(await query("SELECT count(*)::int, max(attempt) FROM job WHERE state = 'dispatched'")).toEqual([
    { count: 5, max: 1 },
  ])
  expect(await query('SELECT count(*)::int FROM outbox')).toEqual([{ count: 5 }])
})

test('a dispatcher waits for another that is about to decide', async () => {
  const { submit, worker, context } = jobs()
  await submit()
  await worker()
  let second = Promise.resolve(-1)
  await context.db.transaction(async (tx) => {
    await tx.signals.lockDispatch()
    second = dispatch(context)
    expect(await Promise.race([second, sleep(300)])).toBeUndefined()
  })
  expect(await second).toBe(1)
})

test('a worker that drains, is gone or was not heard of gets no jobs', async () => {
  const { submit, worker, context, service, query } = jobs()
  await submit()
  const draining = await worker({ name: 'w1' })
  await service.heartbeat(draining, { state: 'draining', jobs: [] })
  const gone = await worker({ name: 'w2' })
  await service.removeWorker(gone)
  const silent = await worker({ name: 'w3' })
  await query("UPDATE worker SET last_seen_at = now() - interval '10 seconds' WHERE id = $1", [silent])
  expect(await dispatch(context)).toBe(0)
  expect((await service.listWorkers()).map(({ name, state }) => [name, state])).toEqual([
    ['w3', 'active'],
    ['w1', 'draining'],
    ['w2', 'gone'],
  ])
  await service.heartbeat(silent, { state: 'active', jobs: [] })
  expect(await dispatch(context)).toBe(1)
})

test('a job that asks for a GPU waits for a worker that has one and holds up nobody', async () => {
  const { submit, worker, handOut, service, queue } = jobs()
  const reason = 'it asks for a GPU and no connected worker has that'
  const wants = await submit({ priority: 90, resources: { gpus: 1 } })
  expect((await service.getJob(wants.id)).queue).toMatchObject({ position: 1, kind: 'worker', reason })
  const plain = await submit({ priority: 10 })
  await worker({ name: 'cpu', slots: 2, devices: [{ kind: 'cpu', name: 'Xeon' }] })
  await handOut()
  expect([...queue.held.values()].map((message) => message.jobId)).toEqual([plain.id])
  const place = { position: null, kind: 'worker', reason, expectedStart: null }
  expect(await service.getJob(wants.id)).toMatchObject({ state: 'queued', attempt: 0, queue: place })
  const behind = await submit({ priority: 10 })
  expect(behind.queue).toMatchObject({ position: 1, kind: 'next' })
  expect((await service.showQueue({ limit: 10 })).jobs.map(({ id, place }) => [id, place.position])).toEqual([
    [behind.id, 1],
    [wants.id, null],
  ])
  await worker({ name: 'gpu', devices: GPU })
  expect((await service.getJob(wants.id)).queue?.reason).toBe('a slot is free; the job is about to be handed over')
  await handOut()
  const queued = { position: null, kind: 'hand-over', reason: 'waiting for worker gpu to take it' }
  expect(await service.getJob(wants.id)).toMatchObject({ state: 'dispatched', attempt: 1, queue: queued })
})

test('a job goes to a worker with the memory and the labels that it asks for, and only that worker may claim it', async () => {
  const { submit, worker, handOut, service, queue } = jobs()
  const resources = { gpus: 1, gpuMemoryGb: 14, labels: { zone: 'b' } }
  const { id } = await submit({ resources })
  const others = [
    await worker({ name: 'cpu-b', labels: { zone: 'b' } }),
    await worker({ name: 'gpu-a', devices: GPU, labels: { zone: 'a' } }),
    await worker({ name: 'small-b', devices: [{ kind: 'gpu', name: 'K80', memoryGb: 12 }], labels: { zone: 'b' } }),
  ]
  await handOut()
  expect((await service.getJob(id)).queue?.reason).toBe(
    'it asks for a GPU of 14 GB and the label zone=b and no connected worker has that',
  )
  const right = await worker({ name: 'gpu-b', devices: GPU, labels: { zone: 'b', rack: '7' } })
  await handOut()
  expect(queue.place.get(`${id}-1`)).toBe(right)
  for (const workerId of others)
    await expect(service.claim(id, { workerId, attempt: 1 })).rejects.toMatchObject({ code: 'attempt.stale' })
  expect(await service.claim(id, { workerId: right, attempt: 1 })).toMatchObject({ attempt: 1 })
})

test('a job that is on its way to a worker that drains is given to another at once', async () => {
  const { submit, worker, handOut, service, queue, context } = jobs()
  const { id } = await submit()
  const first = await worker({ name: 'w1' })
  await handOut()
  expect(queue.place.get(`${id}-1`)).toBe(first)
  await service.heartbeat(first, { state: 'draining', jobs: [] })
  await sweep(context)
  expect((await service.listEvents(id, { after: 0, limit: 100 })).items.at(-1)).toMatchObject({
    data: { state: 'queued', reason: 'worker w1 did not take it' },
  })
  const second = await worker({ name: 'w2' })
  await handOut()
  expect([...queue.held.keys()]).toEqual([`${id}-2`])
  expect(queue.place.get(`${id}-2`)).toBe(second)
})

test('a worker that is there but leaves a job in its queue loses it in the end', async () => {
  const { submit, worker, handOut, service, context, query } = jobs()
  const { id } = await submit()
  await worker()
  await handOut()
  await query("UPDATE job SET handed_over_at = now() - interval '1 minute'")
  await sweep(context)
  expect((await service.getJob(id)).state).toBe('dispatched')
  await query("UPDATE job SET handed_over_at = now() - interval '1 minute'")
  await query("UPDATE job_attempt SET dispatched_at = now() - interval '1 minute'")
  await sweep(context)
  expect((await service.getJob(id)).state).toBe('queued')
})

test('a worker that the service has forgotten keeps its id, and nobody else gets it', async () => {
  const { worker, query } = jobs()
  const id = await worker({ name: 'w1' })
  await query('DELETE FROM worker')
  expect(await worker({ name: 'w1', id })).toBe(id)
  expect(await worker({ name: 'w1', id })).toBe(id)
  expect(await worker({ name: 'w2', id })).not.toBe(id)
})

test('the queue of a worker that is forgotten is deleted', async () => {
  const { worker, context, queue, query } = jobs()
  const id = await worker()
  await query("UPDATE worker SET state = 'gone', last_seen_at = now() - interval '2 hours'")
  await sweep(context)
  expect(queue.forgotten).toEqual([id])
})

test('a GPU of a worker that drains, is gone or was not heard of does not count', async () => {
  const { submit, worker, context, service, query } = jobs()
  const { id } = await submit({ resources: { gpus: 1 } })
  await worker({ name: 'cpu' })
  await service.heartbeat(await worker({ name: 'w1', devices: GPU }), { state: 'draining', jobs: [] })
  await service.removeWorker(await worker({ name: 'w2', devices: GPU }))
  const silent = await worker({ name: 'w3', devices: GPU })
  await query("UPDATE worker SET last_seen_at = now() - interval '10 seconds' WHERE id = $1", [silent])
  expect(await dispatch(context)).toBe(0)
  expect((await service.getJob(id)).queue?.reason).toContain('no connected worker has that')
  await service.heartbeat(silent, { state: 'active', jobs: [] })
  expect(await dispatch(context)).toBe(1)
})

test('text in a spec or a device that the database cannot decode does not stop the dispatcher', async () => {
  const { submit, worker, context, query } = jobs()
  const { id } = await submit()
  const spec = { ...specWith({}), note: 'a NUL \u0000 and half a pair \ud800' }
  await query('UPDATE job SET spec = $1::json WHERE id = $2', [JSON.stringify(spec), id])
  await worker({ devices: [{ kind: 'cpu', name: '\u0000\ud800 "kind":"gpu"' }] })
  expect(await dispatch(context)).toBe(1)
})

test('a waiting job says where it stands and why', async () => {
  const { submit, worker, handOut, service, queue, context } = jobs()
  const ids = [(await submit()).id, (await submit()).id, (await submit()).id, (await submit()).id]
  const placeOf = async (index: number) => (await service.getJob(ids[index] ?? '')).queue
  expect(await placeOf(3)).toMatchObject({ position: 4, reason: 'no worker is connected; 3 jobs are ahead' })
  const draining = await worker({ name: 'old' })
  await service.heartbeat(draining, { state: 'draining', jobs: [] })
  expect(await placeOf(0)).toMatchObject({
    position: 1,
    reason: 'no worker takes jobs: 1 worker is draining or cordoned',
  })
  const workerId = await worker({ name: 'w1', slots: 2 })
  expect(await placeOf(1)).toMatchObject({ position: 2, reason: 'a slot is free; the job is about to be handed over' })
  expect(await placeOf(2)).toMatchObject({
    position: 3,
    reason: 'the free slots are for jobs ahead; 2 jobs are ahead',
  })
  queue.down = true
  await handOut()
  expect(await placeOf(0)).toMatchObject({
    position: null,
    reason: 'the queue does not answer; the hand-over is tried again',
  })
  queue.down = false
  await context.db.transaction(async (tx) => tx.outbox.delete((await tx.outbox.due(9)).map((row) => row.id)))
  await service.claim(ids[0] ?? '', { workerId, attempt: 1 })
  expect(await placeOf(0)).toBeNull()
  expect(await placeOf(2)).toMatchObject({ position: 1, reason: 'all 2 slots are busy' })
  expect(await placeOf(3)).toMatchObject({ position: 2, reason: 'all 2 slots are busy; 1 job is ahead' })
})

test('a handed-over job names the worker that it waits for', async () => {
  const { submit, worker, handOut, service } = jobs()
  const { id } = await submit()
  await worker({ name: 'gpu-7' })
  await handOut()
  expect((await service.getJob(id)).queue).toEqual({
    position: null,
    kind: 'hand-over',
    reason: 'waiting for worker gpu-7 to take it',
    expectedStart: null,
  })
})

test('the outbox keeps what the queue refuses and sends it, in order, when the queue is back', async () => {
  const { submit, worker, queue, context, service, query } = jobs()
  const ids = [(await submit()).id, (await submit()).id]
  await worker({ slots: 2 })
  queue.down = true
  await dispatch(context)
  expect(await relayOutbox(context)).toBe(0)
  expect(await service.stats()).toMatchObject({ outboxPending: 2, jobs: { dispatched: 2 } })
  expect(await relayOutbox(context)).toBe(0)
  expect(await query('SELECT tries FROM outbox')).toEqual([{ tries: 1 }, { tries: 1 }])
  queue.down = false
  await query("UPDATE outbox SET due_at = now() - interval '1 second'")
  expect(await relayOutbox(context)).toBe(2)
  expect([...queue.held.values()].map((message) => message.jobId)).toEqual(ids)
  expect(await service.stats()).toMatchObject({ outboxPending: 0, outboxOldestSeconds: 0 })
})

test('a job cancelled while the queue was down never reaches it', async () => {
  const { submit, worker, queue, context, service } = jobs()
  const { id } = await submit()
  await worker()
  await dispatch(context)
  await service.cancelJob(id)
  expect(await relayOutbox(context)).toBe(2)
  expect(queue.added).toEqual([])
})

test('a relay that died after sending sends again, which is harmless', async () => {
  const { submit, worker, queue, context } = jobs()
  const { id } = await submit()
  const workerId = await worker()
  await dispatch(context)
  await queue.add({ jobId: id, attempt: 1 }, workerId)
  await relayOutbox(context)
  expect([...queue.held.values()]).toEqual([{ jobId: id, attempt: 1 }])
})

test('of two claims at once for one attempt the one of its worker wins', async () => {
  const { submit, worker, handOut, service } = jobs()
  const workers = [await worker({ name: 'w1', slots: 10 }), await worker({ name: 'w2' }), await worker({ name: 'w3' })]
  for (let round = 0; round < 5; round += 1) {
    const { id } = await submit()
    await handOut()
    const claims = await Promise.allSettled(workers.map((workerId) => service.claim(id, { workerId, attempt: 1 })))
    expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(1)
  }
})

test('when cancelling and finishing meet, the job ends once and both callers learn how', async () => {
  const { running, service } = jobs()
  for (let round = 0; round < 6; round += 1) {
    const { id } = await running()
    const ref = { jobId: id, attempt: 1 }
    const cancel = () => service.cancelJob(id).then((job) => job.state)
    const finish = () => service.finish(ref, { outcome: 'failed', code: 'data.invalid', message: 'bad' })
    const early = round % 2 ? cancel() : undefined
    const finishing = finish()
    const [cancelled, finished] = await Promise.allSettled([early ?? cancel(), finishing])
    const { state } = await service.getJob(id)
    expect(finished).toEqual({ status: 'fulfilled', value: state })
    if (cancelled.status === 'rejected') expect(cancelled.reason).toMatchObject({ code: 'job.state_conflict' })
    const { items } = await service.listEvents(id, { after: 0, limit: 20 })
    const finals = items.filter((event) => event.type === 'state' && /failed|cancelled/.test(event.data.state))
    expect(finals).toHaveLength(1)
    expect(items.map((event) => event.seq)).toEqual(items.map((_, index) => index + 1))
  }
})

test('cancelling and claiming at once end in one of the two states, never in both', async () => {
  const { submit, worker, handOut, service } = jobs()
  const workerId = await worker({ slots: 10 })
  for (let round = 0; round < 6; round += 1) {
    const { id } = await submit()
    await handOut()
    const [cancel, claim] = await Promise.allSettled([
      service.cancelJob(id),
      service.claim(id, { workerId, attempt: 1 }),
    ])
    const job = await service.getJob(id)
    expect(cancel.status).toBe('fulfilled')
    if (claim.status === 'rejected') expect(job.state).toBe('cancelled')
    else expect(job).toMatchObject({ state: 'running', cancelRequested: true })
  }
})

test('heartbeats, reports and dispatching at once do not block each other for good', async () => {
  const { submit, worker, handOut, service, context } = jobs()
  const workerId = await worker({ slots: 8 })
  const held: { jobId: string; attempt: number }[] = []
  for (let n = 0; n < 8; n += 1) held.push({ jobId: (await submit()).id, attempt: 1 })
  await handOut()
  for (const { jobId } of held) await service.claim(jobId, { workerId, attempt: 1 })
  const beats = Array.from({ length: 10 }, (_, n) =>
    service.heartbeat(workerId, { state: 'active', jobs: n % 2 ? held : [...held].reverse() }),
  )
  const reports = held.flatMap((ref) =>
    [1, 2, 3].map((batch) => service.report(ref, { batch, metrics: [], logs: [], events: [] })),
  )
  const rounds = [1, 2, 3].map(() => dispatch(context))
  const outcomes = await Promise.allSettled([...beats, ...reports, ...rounds])
  expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toEqual([])
})

test('with ten thousand jobs waiting, handing out and asking for a place stay quick', async () => {
  const { worker, context, service, query } = jobs()
  const spec = JSON.stringify(specWith({}))
  await query(
    `INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, priority)
     SELECT gen_random_uuid(), '${DEFAULT_TEAM.id}', 'n' || n, $1::json, '', '', n % 101 FROM generate_series(1, 10000) AS n`,
    [spec],
  )
  await query('ANALYZE job')
  await worker({ slots: 64 })
  const plan = await query(
    `EXPLAIN SELECT id FROM job WHERE state = 'queued' AND (retry_at IS NULL OR retry_at <= now())
      AND team_id = '${DEFAULT_TEAM.id}' AND needs = '' ORDER BY priority DESC, queued_at, id LIMIT 64`,
  )
  const steps = plan.map((row) => row['QUERY PLAN']).join('\n')
  expect(steps).toMatch(/Index (Only )?Scan using job_(team_)?queue_/)
  expect(steps).not.toContain('Sort')
  const started = performance.now()
  expect(await dispatch(context)).toBe(64)
  const { items } = await service.listJobs({ labels: {}, limit: 100, state: 'queued' })
  expect(performance.now() - started).toBeLessThan(3000)
  expect(items).toHaveLength(100)
  const positions = items.map((job) => job.queue?.position ?? 0)
  expect(new Set(positions).size).toBe(100)
  expect(Math.max(...positions)).toBeLessThanOrEqual(9936)
  for (const job of items.slice(0, 5)) expect((await service.getJob(job.id)).queue).toEqual(job.queue)
})
