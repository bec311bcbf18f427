// How failures are tried again: the wait, the budget, lost workers, and jobs that take workers down.
import { sweep } from '@stillhouse/jobs'
import { describe, expect, test } from 'vitest'
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

describe('a worker on which everything fails', () => {
  type Code = 'trainer.crashed' | 'data.invalid' | 'resource.no_gpu'

  /** Jobs fail on the worker one after the other, or succeed for null. */
  async function failOn(workerId: string, codes: readonly (Code | null)[], sameJob = false): Promise<void> {
    const { submit, service, query, exportModel } = jobs()
    let id = ''
    for (const [index, code] of codes.entries()) {
      if (!sameJob || index === 0) id = (await submit({ resources: { attempts: 20 } })).id
      const attempt = sameJob ? index + 1 : 1
      await query("UPDATE job SET state = 'dispatched', attempt = $2, worker_id = $3 WHERE id = $1", [
        id,
        attempt,
        workerId,
      ])
      await query('INSERT INTO job_attempt (job_id, attempt) VALUES ($1, $2)', [id, attempt])
      await service.claim(id, { workerId, attempt })
      if (code === null) await exportModel({ jobId: id, attempt })
      const outcome = code
        ? ({ outcome: 'failed', code, message: 'x' } as const)
        : ({ outcome: 'succeeded', metrics: {}, metricSeq: 0 } as const)
      await service.finish({ jobId: id, attempt }, outcome)
    }
  }

  const times = (count: number, code: Code): Code[] => Array.from({ length: count }, () => code)
  const modeOf = async (id: string) => (await jobs().service.listWorkers()).find((one) => one.id === id)?.mode
  const suspected = async () => (await jobs().query('SELECT kind, target FROM mend')).map((row) => row['target'])

  test('gets no more jobs after five different ones in a row, and the mend names them', async () => {
    const { worker, query } = jobs()
    const [broken] = [await worker({ name: 'broken' }), await worker({ name: 'well' })]
    await failOn(broken, [...times(2, 'trainer.crashed'), ...times(2, 'resource.no_gpu')])
    expect(await modeOf(broken)).toBe('active')
    await failOn(broken, ['trainer.crashed'])
    expect(await modeOf(broken)).toBe('cordoned')
    expect(await query('SELECT kind, target, detail FROM mend')).toMatchObject([
      { kind: 'worker.suspect', target: broken, detail: { worker: 'broken', jobs: { length: 5 } } },
    ])
  })

  test('is given another chance by an administrator, with a count of its own', async () => {
    const { worker, context } = jobs()
    const [broken] = [await worker({ name: 'broken' }), await worker({ name: 'well' })]
    await failOn(broken, times(5, 'trainer.crashed'))
    await context.db.transaction((tx) => tx.workers.setMode(broken, 'active'))
    await failOn(broken, times(4, 'trainer.crashed'))
    expect(await modeOf(broken)).toBe('active')
    await failOn(broken, ['trainer.crashed'])
    expect([await modeOf(broken), await suspected()]).toEqual(['cordoned', [broken, broken]])
  })

  test.each([
    ['one job fails on it again and again', times(6, 'trainer.crashed'), true],
    ['a job succeeds in between', [...times(4, 'trainer.crashed'), null, ...times(4, 'trainer.crashed')], false],
    [
      "a job's own fault shows that it works",
      [...times(4, 'trainer.crashed'), 'data.invalid', 'trainer.crashed'],
      false,
    ],
  ] as const)('is not suspected when %s', async (_what, codes, sameJob) => {
    const { worker } = jobs()
    const [fine] = [await worker({ name: 'fine' }), await worker({ name: 'other' })]
    await failOn(fine, codes, sameJob)
    expect([await modeOf(fine), await suspected()]).toEqual(['active', []])
  })

  test('keeps its jobs while it is the only one', async () => {
    const only = await jobs().worker({ name: 'only' })
    await failOn(only, times(6, 'trainer.crashed'))
    expect([await modeOf(only), await suspected()]).toEqual(['active', []])
  })
})
