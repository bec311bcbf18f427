// Every write of a worker, made by an attempt that no longer owns its job: refused, and without a trace. The calls are named
// after the use cases, so that this is the list to add a new one to.
import { isFinalState, type JobState } from '@stillhouse/spec'
import { describe, expect, test } from 'vitest'
import { reportWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30, heartbeatSeconds: 30, claimSeconds: 30 })

interface Ref {
  readonly jobId: string
  readonly attempt: number
}

/** How each write is made; all are accepted from the attempt that owns the job. */
const WRITES: Record<string, (ref: Ref, workerId: string) => Promise<unknown>> = {
  claim: ({ jobId, attempt }, workerId) => jobs().service.claim(jobId, { workerId, attempt }),
  report: (ref) => jobs().service.report(ref, reportWith(7, { logs: [LINE], progress: PROGRESS })),
  saveCheckpoint: async (ref) => {
    const files = [await jobs().store('c', 'checkpoint')]
    await jobs().service.saveCheckpoint(ref, { stage: 's', step: 1, metricSeq: 0, files })
  },
  saveArtifacts: async (ref) => {
    const files = [await jobs().store('a', 'artifact')]
    await jobs().service.saveArtifacts(ref, { kind: 'report', files })
  },
  finish: (ref) => jobs().service.finish(ref, { outcome: 'failed', code: 'data.invalid', message: 'late' }),
}

const LINE = { at: '2026-01-02T03:04:05.000Z', level: 'info', message: 'late' } as const
const PROGRESS = { stage: 's', stageIndex: 0, stageCount: 1, step: 1, steps: 2, epoch: 0, epochs: 1 }

/** Everything that the database knows about jobs. */
async function everything(): Promise<string> {
  const tables = [
    'job',
    'job_attempt',
    'job_event',
    'metric',
    'log_line',
    'report_batch',
    'artifact',
    'checkpoint',
    'outbox',
  ]
  const rows = await Promise.all(tables.map((table) => jobs().query(`SELECT * FROM ${table} ORDER BY 1, 2`)))
  return JSON.stringify(rows)
}

/** How a job gets from its first attempt, which runs, to where that attempt owns it no longer. */
const AFTERWARDS: Record<string, (id: string, ref: Ref) => Promise<void>> = {
  'was queued again': async (_id, ref) => {
    await jobs().service.finish(ref, { outcome: 'handed-back', reason: 'drain' })
  },
  'was given out again': async (_id, ref) => {
    await jobs().service.finish(ref, { outcome: 'handed-back', reason: 'drain' })
    await jobs().handOut()
  },
  'runs again': async (id, ref) => {
    const { service, handOut, query } = jobs()
    await service.finish(ref, { outcome: 'handed-back', reason: 'drain' })
    await handOut()
    const workerId = String((await query('SELECT worker_id FROM job'))[0]?.['worker_id'])
    await service.claim(id, { workerId, attempt: 2 })
  },
  'was cancelled': async (id, ref) => {
    await jobs().service.cancelJob(id)
    await jobs().service.finish(ref, { outcome: 'cancelled' })
  },
  'has failed': async (_id, ref) => {
    await jobs().service.finish(ref, { outcome: 'failed', code: 'data.invalid', message: 'bad' })
  },
  'has succeeded': async (_id, ref) => {
    await jobs().exportModel(ref)
    await jobs().service.finish(ref, { outcome: 'succeeded', metrics: {}, metricSeq: 0 })
  },
}

describe.each(Object.keys(AFTERWARDS))('when the job %s', (what) => {
  test('no write of the old attempt is accepted, and none leaves a trace', async () => {
    const { running, service } = jobs()
    const { id, workerId } = await running()
    const old = { jobId: id, attempt: 1 }
    await AFTERWARDS[what]?.(id, old)
    const before = await everything()
    for (const [name, write] of Object.entries(WRITES)) {
      const refused = write(old, workerId).then(
        () => 'accepted',
        (error: { code?: string }) => error.code,
      )
      expect([name, await refused]).toEqual([name, 'attempt.stale'])
    }
    const { jobs: orders } = await service.heartbeat(workerId, { state: 'active', jobs: [old] })
    expect(orders).toEqual([{ ...old, order: 'abandon' }])
    expect(await everything()).toBe(before)
  })
})

test('the attempt that owns the job may make every write', async () => {
  const { running, service } = jobs()
  const { id, workerId } = await running()
  for (const write of Object.values(WRITES)) await write({ jobId: id, attempt: 1 }, workerId)
  expect(isFinalState((await service.getJob(id)).state satisfies JobState)).toBe(true)
})
