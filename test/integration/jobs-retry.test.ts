// How failures are tried again: the wait, the budget, lost workers, and jobs that take workers down.
import { sweep } from '@stillhouse/jobs'
import { expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30, heartbeatSeconds: 30, claimSeconds: 30, retryBaseSeconds: 8 })

/** The job's wait is over. */
const outwait = () => jobs().query('UPDATE job SET retry_at = NULL')

/** The workers fell silent for longer than their leases. */
async function silence(): Promise<void> {
  await jobs().query("UPDATE job SET lease_until = now() - interval '1 second' WHERE state = 'running'")
  await jobs().query("UPDATE worker SET last_seen_at = now() - interval '10 minutes'")
}

/** A worker of this name takes the job and is lost with it. */
async function loseWorker(id: string, attempt: number, name: string): Promise<void> {
  const { worker, handOut, context, service } = jobs()
  await outwait()
  const workerId = await worker({ name })
  await handOut()
  await service.claim(id, { workerId, attempt })
  await silence()
  await sweep(context)
}

const secondsToWait = async (): Promise<unknown> =>
  (await jobs().query('SELECT extract(epoch FROM retry_at - now())::float8 AS seconds FROM job'))[0]?.['seconds']

test('a failed attempt is tried again after a wait that doubles, and the event says how long', async () => {
  const { running, worker, handOut, service } = jobs()
  const { id } = await running()
  const failed = { outcome: 'failed', code: 'trainer.crashed', message: 'SIGSEGV' } as const
  await service.finish({ jobId: id, attempt: 1 }, failed)
  expect(await secondsToWait()).toBeGreaterThan(5)
  expect(await secondsToWait()).toBeLessThanOrEqual(10)
  const said = (await service.listEvents(id, { after: 3, limit: 1 })).items[0]
  expect(said).toMatchObject({
    data: { reason: expect.stringMatching(/failure 1 of at most 3.*tried again in \d+ s$/) },
  })
  await outwait()
  const workerId = await worker()
  await handOut()
  await service.claim(id, { workerId: await holderOf(id, workerId), attempt: 2 })
  await service.finish({ jobId: id, attempt: 2 }, failed)
  expect(await secondsToWait()).toBeGreaterThan(11)
})

/** The worker that the job was given to. */
const holderOf = async (id: string, otherwise: string): Promise<string> =>
  String((await jobs().query('SELECT worker_id FROM job WHERE id = $1', [id]))[0]?.['worker_id'] ?? otherwise)

test("a user's retry waits for nothing and counts anew", async () => {
  const { submit, service, context, query } = jobs()
  const { id } = await submit({ resources: { attempts: 1 } })
  await loseWorker(id, 1, 'w1')
  expect(await query('SELECT failures, losses FROM job')).toEqual([{ failures: 1, losses: 1 }])
  await service.retryJob(id)
  expect(await query('SELECT failures, losses, retry_at FROM job')).toEqual([
    { failures: 0, losses: 0, retry_at: null },
  ])
  const [lostOn, failures] = await context.db.read(async ({ attempts }) => [
    await attempts.lostOn([id]),
    await attempts.failuresOf(id),
  ])
  expect([lostOn.size, failures]).toEqual([0, []])
})

test('a job that takes down three workers is not given to a fourth, and names them', async () => {
  const { submit, service, context } = jobs()
  const { id } = await submit({ resources: { attempts: 10 } })
  await loseWorker(id, 1, 'w1')
  await loseWorker(id, 2, 'w2')
  expect((await service.getJob(id)).state).toBe('queued')
  expect(await context.db.read(({ attempts }) => attempts.lostOn([id]))).toEqual(new Map([[id, ['w1', 'w2']]]))
  await loseWorker(id, 3, 'w3')
  expect(await service.getJob(id)).toMatchObject({
    state: 'failed',
    failure: { code: 'job.poison', message: expect.stringContaining('w1, w2, w3. Worker w3 did not report for 30 s.') },
  })
})

test('workers that sign off are not lost, however many', async () => {
  const { submit, worker, handOut, service, query } = jobs()
  const { id } = await submit()
  for (const attempt of [1, 2, 3, 4]) {
    const workerId = await worker({ name: `w${attempt}` })
    await handOut()
    await service.claim(id, { workerId, attempt })
    await service.removeWorker(workerId)
    expect((await service.getJob(id)).state).toBe('queued')
  }
  expect(await query('SELECT failures, losses FROM job')).toEqual([{ failures: 0, losses: 0 }])
  expect(await query('SELECT DISTINCT ending FROM job_attempt')).toEqual([{ ending: 'handed-back' }])
})

test('a worker that reports but has lost the attempt is not lost itself', async () => {
  const { running, context, service, query } = jobs()
  const { id, workerId } = await running()
  await query("UPDATE job SET lease_until = now() - interval '1 second'")
  await service.heartbeat(workerId, { state: 'active', jobs: [] })
  await sweep(context)
  expect(await query('SELECT failures, losses FROM job')).toEqual([{ failures: 1, losses: 0 }])
  const { items } = await service.listEvents(id, { after: 3, limit: 1 })
  expect(items).toMatchObject([{ data: { failure: { message: 'Worker w1 reports, but has lost this attempt.' } } }])
})

test('workers that were lost are named per job, those forgotten since are not', async () => {
  const { submit, context, query } = jobs()
  const [first, second] = [await submit({ priority: 1, resources: { attempts: 10 } }), await submit({ priority: 0 })]
  await loseWorker(first.id, 1, 'w1')
  await loseWorker(first.id, 2, 'w2')
  const lostOn = () => context.db.read(({ attempts }) => attempts.lostOn([first.id, second.id]))
  expect(await lostOn()).toEqual(new Map([[first.id, ['w1', 'w2']]]))
  await query("DELETE FROM worker WHERE name = 'w1'")
  expect(await lostOn()).toEqual(new Map([[first.id, ['w2']]]))
})
