// A job's life as its workers and its user steer it: every transition of the table, fencing, and repeated calls.
import type { Outcome } from '@stillhouse/spec'
import { describe, expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30 })

const succeeded = (metrics: Record<string, number> = {}): Outcome => ({ outcome: 'succeeded', metrics, metricSeq: 0 })
const failed = (code: 'trainer.crashed' | 'data.invalid' | 'resource.out_of_memory'): Outcome => ({
  outcome: 'failed',
  code,
  message: 'it broke',
})

async function statesOf(id: string): Promise<string[]> {
  const { items } = await jobs().service.listEvents(id, { after: 0, limit: 100 })
  expect(items.map((event) => event.seq)).toEqual(items.map((_, index) => index + 1))
  return items.flatMap((event) => (event.type === 'state' ? [`${event.data.state} ${event.data.attempt}`] : []))
}

describe('the straight way', () => {
  test('a job runs through all states to success, with an event for each', async () => {
    const { running, exportModel, service } = jobs()
    const { id, claim } = await running({ gates: { accuracy: '>= 0.9' } })
    expect(claim).toMatchObject({ jobId: id, attempt: 1, leaseSeconds: 30, checkpoint: null, spec: { name: 'tiny' } })
    await exportModel({ jobId: id, attempt: 1 })
    expect(await service.finish({ jobId: id, attempt: 1 }, succeeded({ accuracy: 0.95 }))).toBe('succeeded')
    const gates = [{ metric: 'accuracy', condition: '>= 0.9', actual: 0.95, passed: true }]
    const job = await service.getJob(id)
    expect(job).toMatchObject({ state: 'succeeded', verdict: 'passed', result: { metrics: { accuracy: 0.95 }, gates } })
    expect(job.queue).toBeNull()
    expect(job.startedAt).not.toBeNull()
    expect(job.finishedAt).not.toBeNull()
    expect(await statesOf(id)).toEqual(['queued 0', 'dispatched 1', 'running 1', 'succeeded 1'])
    const { items, complete } = await service.listEvents(id, { after: 0, limit: 100 })
    expect(items.at(-1)).toMatchObject({ type: 'state', data: { verdict: 'passed', result: { gates } } })
    expect(complete).toBe(true)
  })

  test('a missed gate makes the verdict failed, the job all the same succeeded', async () => {
    const { running, exportModel, service } = jobs()
    const { id } = await running({ gates: { accuracy: '>= 0.9', 'latency.p95Ms': '<= 5' } })
    await exportModel({ jobId: id, attempt: 1 })
    await service.finish({ jobId: id, attempt: 1 }, succeeded({ accuracy: 0.95 }))
    expect(await service.getJob(id)).toMatchObject({
      state: 'succeeded',
      verdict: 'failed',
      result: { gates: [{ passed: true }, { metric: 'latency.p95Ms', actual: null, passed: false }] },
    })
  })

  test('a job without gates has passed when it succeeded', async () => {
    const { running, exportModel, service } = jobs()
    const { id } = await running()
    await exportModel({ jobId: id, attempt: 1 })
    await service.finish({ jobId: id, attempt: 1 }, succeeded())
    expect(await service.getJob(id)).toMatchObject({ verdict: 'passed' })
  })

  test('the model of a succeeded job is its tfjs-layers export', async () => {
    const { running, exportModel, service } = jobs()
    const { id } = await running()
    await exportModel({ jobId: id, attempt: 1 })
    await expect(service.getJobModel(id)).rejects.toMatchObject({ code: 'model.not_found' })
    await service.finish({ jobId: id, attempt: 1 }, succeeded())
    expect(await service.getJobModel(id)).toMatchObject({ format: 'tfjs-layers', files: [{ path: 'model.json' }] })
  })
})

describe('success needs proof', () => {
  test('success without an export is a failed upload and is tried again', async () => {
    const { running, service } = jobs()
    const { id } = await running()
    expect(await service.finish({ jobId: id, attempt: 1 }, succeeded())).toBe('queued')
    const { items } = await service.listEvents(id, { after: 3, limit: 10 })
    expect(items).toMatchObject([{ data: { state: 'queued', failure: { code: 'worker.upload_failed' } } }])
  })

  test('success is refused when the bytes of an export have vanished', async () => {
    const { running, exportModel, service, context } = jobs()
    const { id } = await running({ resources: { attempts: 1 } })
    await exportModel({ jobId: id, attempt: 1 })
    const [artifact] = await service.listArtifacts(id)
    await context.artifacts.delete(artifact?.sha256 ?? '')
    expect(await service.finish({ jobId: id, attempt: 1 }, succeeded())).toBe('failed')
    expect((await service.getJob(id)).failure).toMatchObject({ code: 'worker.upload_failed' })
  })

  test('artifacts and checkpoints are refused while their bytes are missing or of another size', async () => {
    const { running, store, service } = jobs()
    const { id } = await running()
    const ref = { jobId: id, attempt: 1 }
    const file = await store('export/x.bin', 'hello')
    for (const files of [[{ ...file, sha256: 'f'.repeat(64) }], [{ ...file, size: 6 }]]) {
      await expect(service.saveArtifacts(ref, { kind: 'export', files })).rejects.toMatchObject({
        code: 'blob.not_found',
      })
      await expect(service.saveCheckpoint(ref, { stage: 's', step: 1, metricSeq: 0, files })).rejects.toMatchObject({
        code: 'blob.not_found',
      })
    }
    expect(await service.listArtifacts(id)).toEqual([])
  })
})

describe('failures', () => {
  test("a user's fault is final at once", async () => {
    const { running, service } = jobs()
    const { id } = await running()
    expect(await service.finish({ jobId: id, attempt: 1 }, failed('data.invalid'))).toBe('failed')
    expect(await service.getJob(id)).toMatchObject({
      state: 'failed',
      verdict: null,
      failure: { code: 'data.invalid', message: 'it broke', hint: expect.stringContaining('truncated') },
    })
  })

  test('a crash is tried again until the budget of attempts is used up', async () => {
    const { running, handOut, service } = jobs()
    const { id, workerId } = await running({ resources: { attempts: 3 } })
    for (const attempt of [1, 2, 3]) {
      if (attempt > 1) {
        await handOut()
        await service.claim(id, { workerId, attempt })
      }
      const state = await service.finish({ jobId: id, attempt }, failed('trainer.crashed'))
      expect(state).toBe(attempt < 3 ? 'queued' : 'failed')
    }
    expect(await service.getJob(id)).toMatchObject({ attempt: 3, failure: { code: 'trainer.crashed' } })
  })

  test('running out of memory is tried once more', async () => {
    const { running, handOut, service } = jobs()
    const { id, workerId } = await running({ resources: { attempts: 5 } })
    expect(await service.finish({ jobId: id, attempt: 1 }, failed('resource.out_of_memory'))).toBe('queued')
    await handOut()
    await service.claim(id, { workerId, attempt: 2 })
    expect(await service.finish({ jobId: id, attempt: 2 }, failed('resource.out_of_memory'))).toBe('failed')
  })

  test('handing back costs no attempt of the budget and keeps the place at the front', async () => {
    const { running, submit, handOut, service } = jobs()
    const { id, workerId } = await running({ resources: { attempts: 1 } })
    const later = await submit()
    for (const attempt of [1, 2, 3]) {
      const outcome = { outcome: 'handed-back', reason: 'the worker drains' } as const
      expect(await service.finish({ jobId: id, attempt }, outcome)).toBe('queued')
      expect((await service.getJob(id)).queue?.position).toBe(1)
      await handOut()
      await service.claim(id, { workerId, attempt: attempt + 1 })
    }
    expect((await service.getJob(later.id)).queue?.position).toBe(1)
  })
})

describe('cancel and retry', () => {
  test('a waiting job is cancelled at once', async () => {
    const { submit, service } = jobs()
    const { id } = await submit()
    expect(await service.cancelJob(id)).toMatchObject({ state: 'cancelled', queue: null })
    expect(await service.cancelJob(id)).toMatchObject({ state: 'cancelled' })
    expect(await statesOf(id)).toEqual(['queued 0', 'cancelled 0'])
  })

  test('a job that was handed over is cancelled at once and taken out of the queue', async () => {
    const { submit, worker, handOut, queue, service } = jobs()
    const workerId = await worker()
    const { id } = await submit()
    await handOut()
    expect([...queue.held.values()]).toEqual([{ jobId: id, attempt: 1 }])
    expect(await service.cancelJob(id)).toMatchObject({ state: 'cancelled' })
    await handOut()
    expect(queue.held.size).toBe(0)
    await expect(service.claim(id, { workerId, attempt: 1 })).rejects.toMatchObject({ code: 'attempt.stale' })
  })

  test('a running job is cancelled through the heartbeat of its worker', async () => {
    const { running, service } = jobs()
    const { id, workerId } = await running()
    const beat = () => service.heartbeat(workerId, { state: 'active', jobs: [{ jobId: id, attempt: 1 }] })
    expect((await beat()).jobs).toEqual([{ jobId: id, attempt: 1, order: 'go-on' }])
    expect(await service.cancelJob(id)).toMatchObject({ state: 'running', cancelRequested: true })
    await service.cancelJob(id)
    expect((await beat()).jobs).toEqual([{ jobId: id, attempt: 1, order: 'cancel' }])
    expect(await service.finish({ jobId: id, attempt: 1 }, { outcome: 'cancelled' })).toBe('cancelled')
    expect((await beat()).jobs).toEqual([{ jobId: id, attempt: 1, order: 'abandon' }])
    expect(await statesOf(id)).toEqual(['queued 0', 'dispatched 1', 'running 1', 'cancelled 1'])
  })

  test('a crash or a hand-back while cancelling ends as cancelled, not as another attempt', async () => {
    const { running, service } = jobs()
    for (const outcome of [failed('trainer.crashed'), { outcome: 'handed-back', reason: 'drain' }] as Outcome[]) {
      const { id } = await running()
      await service.cancelJob(id)
      expect(await service.finish({ jobId: id, attempt: 1 }, outcome)).toBe('cancelled')
    }
  })

  test('a worker that says cancelled without being asked gives the job back', async () => {
    const { running, service } = jobs()
    const { id } = await running()
    expect(await service.finish({ jobId: id, attempt: 1 }, { outcome: 'cancelled' })).toBe('queued')
  })

  test('a finished job cannot be cancelled', async () => {
    const { running, service } = jobs()
    const { id } = await running()
    await service.finish({ jobId: id, attempt: 1 }, failed('data.invalid'))
    await expect(service.cancelJob(id)).rejects.toMatchObject({ code: 'job.state_conflict' })
  })

  test('a retry is the next attempt of the same job, with a fresh budget, from the kept checkpoint', async () => {
    const { running, store, handOut, service } = jobs()
    const { id, workerId } = await running({ resources: { attempts: 1 } })
    const checkpoint = { stage: 'student', step: 40, metricSeq: 4, files: [await store('weights.bin', 'w')] }
    await service.saveCheckpoint({ jobId: id, attempt: 1 }, checkpoint)
    await service.finish({ jobId: id, attempt: 1 }, failed('trainer.crashed'))
    expect(await service.retryJob(id)).toMatchObject({
      state: 'queued',
      failure: null,
      finishedAt: null,
      startedAt: null,
    })
    await handOut()
    expect(await service.claim(id, { workerId, attempt: 2 })).toMatchObject({ checkpoint })
    expect(await service.finish({ jobId: id, attempt: 2 }, failed('trainer.crashed'))).toBe('failed')
    expect(await statesOf(id)).toEqual([
      'queued 0',
      'dispatched 1',
      'running 1',
      'failed 1',
      'queued 1',
      'dispatched 2',
      'running 2',
      'failed 2',
    ])
  })

  test('only a failed or cancelled job can be retried', async () => {
    const { running, exportModel, service } = jobs()
    const { id } = await running()
    await expect(service.retryJob(id)).rejects.toMatchObject({ code: 'job.state_conflict' })
    await exportModel({ jobId: id, attempt: 1 })
    await service.finish({ jobId: id, attempt: 1 }, succeeded())
    await expect(service.retryJob(id)).rejects.toMatchObject({ code: 'job.state_conflict' })
  })

  test('a cancelled job can be retried and is not cancelled again', async () => {
    const { running, handOut, service } = jobs()
    const { id, workerId } = await running()
    await service.cancelJob(id)
    await service.finish({ jobId: id, attempt: 1 }, { outcome: 'cancelled' })
    await service.retryJob(id)
    await handOut()
    await service.claim(id, { workerId, attempt: 2 })
    const orders = await service.heartbeat(workerId, { state: 'active', jobs: [{ jobId: id, attempt: 2 }] })
    expect(orders.jobs[0]?.order).toBe('go-on')
  })
})

describe('fencing', () => {
  test('a job that is not in the expected state, attempt or lease is left alone', async () => {
    const { running, context, query } = jobs()
    const { id } = await running()
    const before = await query('SELECT * FROM job')
    const tries = [
      { ids: [id], from: ['dispatched'], move: { to: 'queued', why: 'again' } },
      { ids: [id], from: ['running'], move: { to: 'cancelled' }, guard: { attempt: 2 } },
      { ids: [id], from: ['running'], move: { to: 'cancelled' }, guard: { leaseExpired: true } },
    ] as const
    for (const change of tries) expect(await context.db.transaction((tx) => tx.jobs.compareAndSet(change))).toEqual([])
    expect(await query('SELECT * FROM job')).toEqual(before)
  })

  test('a claim can be repeated by its worker and by nobody else', async () => {
    const { running, worker, service } = jobs()
    const { id, workerId, claim } = await running()
    expect(await service.claim(id, { workerId, attempt: 1 })).toEqual(claim)
    const other = await worker({ name: 'w2' })
    await expect(service.claim(id, { workerId: other, attempt: 1 })).rejects.toMatchObject({ code: 'attempt.stale' })
    await expect(service.claim(id, { workerId, attempt: 2 })).rejects.toMatchObject({ code: 'attempt.stale' })
    expect(await statesOf(id)).toEqual(['queued 0', 'dispatched 1', 'running 1'])
  })

  test('an unknown worker cannot claim', async () => {
    const { submit, worker, handOut, service } = jobs()
    await worker()
    const { id } = await submit()
    await handOut()
    for (const workerId of ['00000000-0000-7000-8000-000000000000', 'x'])
      await expect(service.claim(id, { workerId, attempt: 1 })).rejects.toMatchObject({ code: 'worker.not_found' })
  })

  test('nothing an old attempt says reaches the job any more', async () => {
    const { running, store, handOut, service, query } = jobs()
    const { id, workerId } = await running()
    const old = { jobId: id, attempt: 1 }
    await service.finish(old, { outcome: 'handed-back', reason: 'drain' })
    await handOut()
    await service.claim(id, { workerId, attempt: 2 })
    const before = await query('SELECT event_seq, log_seq, progress, state FROM job')
    const files = [await store('a', 'x')]
    const writes = [
      () => service.report(old, { batch: 9, metrics: [], logs: [], events: [] }),
      () => service.saveCheckpoint(old, { stage: 's', step: 1, metricSeq: 0, files }),
      () => service.saveArtifacts(old, { kind: 'report', files }),
      () => service.finish(old, failed('trainer.crashed')),
    ]
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'attempt.stale', status: 409 })
    expect(await query('SELECT event_seq, log_seq, progress, state FROM job')).toEqual(before)
  })

  test('a worker that repeats its last word gets the same answer, another word is refused', async () => {
    const { running, exportModel, service } = jobs()
    const { id } = await running()
    const ref = { jobId: id, attempt: 1 }
    await exportModel(ref)
    expect(await service.finish(ref, succeeded({ accuracy: 1 }))).toBe('succeeded')
    expect(await service.finish(ref, succeeded({ accuracy: 1 }))).toBe('succeeded')
    await expect(service.finish(ref, failed('trainer.crashed'))).rejects.toMatchObject({ code: 'attempt.stale' })
    expect(await statesOf(id)).toEqual(['queued 0', 'dispatched 1', 'running 1', 'succeeded 1'])
  })

  test('a repeated failure that was queued again counts once', async () => {
    const { running, service, query } = jobs()
    const { id } = await running()
    const ref = { jobId: id, attempt: 1 }
    expect(await service.finish(ref, failed('trainer.crashed'))).toBe('queued')
    expect(await service.finish(ref, failed('trainer.crashed'))).toBe('queued')
    expect(await query('SELECT failures FROM job')).toEqual([{ failures: 1 }])
  })

  test('one heartbeat answers for all jobs of a worker, and tells it to abandon what is not its own', async () => {
    const { worker, submit, handOut, service } = jobs()
    const workerId = await worker({ slots: 2 })
    const other = await worker({ name: 'w2' })
    const ids = [(await submit()).id, (await submit()).id, (await submit()).id]
    await handOut()
    const [one = '', two = '', three = ''] = ids
    await service.claim(one, { workerId, attempt: 1 })
    await service.claim(two, { workerId, attempt: 1 })
    await service.claim(three, { workerId: other, attempt: 1 })
    await service.cancelJob(two)
    const held = ids.map((jobId) => ({ jobId, attempt: 1 }))
    const { jobs: orders } = await service.heartbeat(workerId, { state: 'active', jobs: held })
    expect(orders.map(({ jobId, order }) => [jobId, order])).toEqual([
      [one, 'go-on'],
      [two, 'cancel'],
      [three, 'abandon'],
    ])
  })

  test('a worker that nobody knows must register again', async () => {
    const { service } = jobs()
    for (const id of ['00000000-0000-7000-8000-000000000000', 'x']) {
      await expect(service.heartbeat(id, { state: 'active', jobs: [] })).rejects.toMatchObject({
        code: 'worker.not_found',
      })
      await expect(service.removeWorker(id)).rejects.toMatchObject({ code: 'worker.not_found' })
    }
  })
})
