// Mending: lost workers, lost hand-overs, and blobs that nothing needs any more.
import { relayOutbox, sweep } from '@stillhouse/jobs'
import { expect, test } from 'vitest'
import { eventually, reportWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30, heartbeatSeconds: 30, claimSeconds: 30 })

/** Nobody renewed the leases, though the workers may have reported. */
const lapse = () => jobs().query("UPDATE job SET lease_until = now() - interval '1 second' WHERE state = 'running'")
/** The workers were silent for longer than their leases. */
const silence = async () => {
  await lapse()
  await jobs().query("UPDATE worker SET last_seen_at = now() - interval '31 seconds'")
}
/** Hand-overs were made a while ago. */
const patience = () => jobs().query("UPDATE job SET handed_over_at = now() - interval '1 minute'")

test('a job whose worker fell silent is queued again and its old attempt is fenced off', async () => {
  const { running, context, service, query } = jobs()
  const { id, workerId } = await running()
  await sweep(context)
  expect((await service.getJob(id)).state).toBe('running')
  await silence()
  await sweep(context)
  expect(await service.getJob(id)).toMatchObject({ state: 'queued', attempt: 1, failure: null })
  const { items } = await service.listEvents(id, { after: 3, limit: 10 })
  expect(items).toMatchObject([
    { data: { state: 'queued', failure: { code: 'worker.lost', message: 'Worker w1 did not report for 30 s.' } } },
  ])
  const ref = { jobId: id, attempt: 1 }
  await expect(service.report(ref, reportWith(1))).rejects.toMatchObject({ code: 'attempt.stale' })
  const orders = await service.heartbeat(workerId, { state: 'active', jobs: [ref] })
  expect(orders.jobs).toEqual([{ ...ref, order: 'abandon' }])
  expect(await query('SELECT ending, code, next_state::text FROM job_attempt')).toEqual([
    { ending: 'failed', code: 'worker.lost', next_state: 'queued' },
  ])
})

test('heartbeats keep a lease alive', async () => {
  const { running, context, service } = jobs()
  const { id, workerId } = await running()
  for (let beat = 0; beat < 3; beat += 1) {
    await silence()
    await service.heartbeat(workerId, { state: 'active', jobs: [{ jobId: id, attempt: 1 }] })
    await sweep(context)
  }
  expect((await service.getJob(id)).state).toBe('running')
})

test('a job that keeps losing its worker fails when its budget is used up', async () => {
  const { running, handOut, context, service } = jobs()
  const { id, workerId } = await running({ resources: { attempts: 2 } })
  await silence()
  await sweep(context)
  await service.heartbeat(workerId, { state: 'active', jobs: [] })
  await handOut()
  await service.claim(id, { workerId, attempt: 2 })
  await silence()
  await sweep(context)
  expect(await service.getJob(id)).toMatchObject({ state: 'failed', attempt: 2, failure: { code: 'worker.lost' } })
})

test('a job that was being cancelled when its worker fell silent ends as cancelled', async () => {
  const { running, context, service } = jobs()
  const { id } = await running()
  await service.cancelJob(id)
  await silence()
  await sweep(context)
  expect(await service.getJob(id)).toMatchObject({ state: 'cancelled', failure: null })
})

test('two sweepers at once end a lost attempt once', async () => {
  const { running, context, query } = jobs()
  await running()
  await silence()
  await Promise.all([sweep(context), sweep(context), sweep(context)])
  expect(await query('SELECT failures, event_seq FROM job')).toEqual([{ failures: 1, event_seq: 4 }])
})

test('a worker that signs off loses its jobs at once', async () => {
  const { running, context, service } = jobs()
  const { id, workerId } = await running()
  await service.heartbeat(workerId, { state: 'active', jobs: [{ jobId: id, attempt: 1 }] })
  await service.removeWorker(workerId)
  await sweep(context)
  expect((await service.getJob(id)).state).toBe('queued')
  expect(await service.listWorkers()).toMatchObject([{ id: workerId, state: 'gone', busy: 0 }])
})

test('a worker not heard of for long is gone, and back with its next heartbeat', async () => {
  const { worker, context, service, query } = jobs()
  const workerId = await worker()
  await query("UPDATE worker SET last_seen_at = now() - interval '10 minutes'")
  await sweep(context)
  expect((await service.listWorkers())[0]?.state).toBe('gone')
  await service.heartbeat(workerId, { state: 'active', jobs: [] })
  expect((await service.listWorkers())[0]?.state).toBe('active')
  await query("UPDATE worker SET state = 'gone', last_seen_at = now() - interval '2 hours'")
  await sweep(context)
  expect(await service.listWorkers()).toEqual([])
})

test('what a wiped queue had lost is handed over again, in order', async () => {
  const { submit, worker, handOut, queue, context, service } = jobs()
  const workerId = await worker({ slots: 2 })
  const ids = [(await submit()).id, (await submit()).id]
  await handOut()
  queue.held.clear()
  await sweep(context)
  expect(await relayOutbox(context)).toBe(0)
  await patience()
  await sweep(context)
  await relayOutbox(context)
  expect([...queue.held.values()]).toEqual(ids.map((jobId) => ({ jobId, attempt: 1 })))
  await service.claim(ids[0] ?? '', { workerId, attempt: 1 })
})

test('a hand-over that the queue still holds is left alone', async () => {
  const { submit, worker, handOut, context, service } = jobs()
  await worker()
  const { id } = await submit()
  await handOut()
  await patience()
  await sweep(context)
  expect(await service.stats()).toMatchObject({ outboxPending: 0, jobs: { dispatched: 1 } })
  expect((await service.listEvents(id, { after: 2, limit: 10 })).items).toEqual([])
})

test('jobs handed over to a worker that left are queued again, those of others are not', async () => {
  const { submit, worker, handOut, queue, context, service } = jobs()
  await worker({ name: 'a-stays' })
  const leaving = await worker({ name: 'b-leaves' })
  const first = await submit()
  const second = await submit()
  await handOut()
  expect(queue.place.get(`${second.id}-1`)).toBe(leaving)
  await service.removeWorker(leaving)
  await patience()
  await sweep(context)
  await relayOutbox(context)
  expect((await service.getJob(first.id)).state).toBe('dispatched')
  expect(await service.getJob(second.id)).toMatchObject({ state: 'queued', queue: { position: 1 } })
  expect([...queue.held.values()]).toEqual([{ jobId: first.id, attempt: 1 }])
})

test('a sweep goes on with the rest when the queue does not answer', async () => {
  const { running, submit, worker, handOut, queue, context, service, store } = jobs()
  const { id } = await running()
  const { sha256 } = await store('x', 'not needed')
  await context.db.transaction((tx) => tx.staleBlobs.mark([sha256], 0))
  await worker({ name: 'w2' })
  await submit()
  await handOut()
  await silence()
  await patience()
  queue.down = true
  await sweep(context)
  expect((await service.getJob(id)).state).toBe('queued')
  expect(await context.artifacts.has(sha256)).toBe(false)
})

test('blobs of pruned checkpoints are deleted unless something still refers to them', async () => {
  const { running, store, context, service } = jobs()
  const { id } = await running()
  const ref = { jobId: id, attempt: 1 }
  const [only, shared] = [await store('only', 'only in the first'), await store('shared', 'in all of them')]
  const replaced = await store('report.txt', 'old text')
  await service.saveArtifacts(ref, { kind: 'report', files: [replaced] })
  for (const step of [1, 2, 3])
    await service.saveCheckpoint(ref, { stage: 's', step, metricSeq: 0, files: step === 1 ? [only, shared] : [shared] })
  await service.saveArtifacts(ref, { kind: 'report', files: [await store('report.txt', 'new text')] })
  await eventually(async () => {
    await sweep(context)
    return !(await context.artifacts.has(only.sha256)) && !(await context.artifacts.has(replaced.sha256))
  })
  expect(await context.artifacts.has(shared.sha256)).toBe(true)
})

test('a blob that somebody asks for is not cleaned away under their hands', async () => {
  const { store, context, service } = jobs()
  const { sha256 } = await store('x', 'wanted again')
  await context.db.transaction((tx) => tx.staleBlobs.mark([sha256], 0))
  expect(await service.hasBlob(sha256)).toBe(true)
  await sweep(context)
  expect(await service.hasBlob(sha256)).toBe(true)
})

test('what a worker stored and died before it reported is cleaned away after a day, also if another had asked for it', async () => {
  const { running, store, context, service, query } = jobs()
  const { id } = await running()
  const [lost, used] = [await store('lost', 'never reported'), await store('used', 'reported')]
  expect(await service.hasBlob(lost.sha256)).toBe(true)
  await service.saveCheckpoint({ jobId: id, attempt: 1 }, { stage: 's', step: 1, metricSeq: 0, files: [used] })
  const hours = "UPDATE stale_blob SET due_at = due_at - interval '12 hours'"
  await query(hours)
  await sweep(context)
  expect(await context.artifacts.has(lost.sha256)).toBe(true)
  await query(hours)
  await sweep(context)
  expect(await context.artifacts.has(lost.sha256)).toBe(false)
  expect(await context.artifacts.has(used.sha256)).toBe(true)
  expect(await query('SELECT * FROM stale_blob')).toEqual([])
})
