// Everything that dies, dies here: trainers, workers, the queue, the database. After each the job must end once, with the
// same model and the same metric series as a run that nobody disturbed – on both queue backends.
import type { Job } from '@stillhouse/spec'
import { isAlive, trainersOf, waitUntil } from '@stillhouse/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, connected, type QueueKind, startCluster } from './support/cluster.ts'
import { optdigitsJob } from './support/jobs.ts'

const STEPS = 1500

/** What must not depend on disturbances: the exported weights and the metric series. */
async function fingerprint(cluster: Cluster, job: Job): Promise<{ weights: string; metrics: string[] }> {
  const artifacts = await cluster.artifacts(job.id)
  const weights = artifacts
    .filter(({ kind, path }) => kind === 'export' && path.endsWith('.bin'))
    .map(({ sha256 }) => sha256)
  const points = await cluster.metrics(job.id)
  expect(points.map(({ seq }) => seq)).toEqual(points.map((_, i) => i + 1))
  return {
    weights: weights.join(),
    metrics: points.map(({ seq, name, stage, step, value }) => `${seq} ${name} ${stage} ${step} ${value}`),
  }
}

async function expectOneEnd(cluster: Cluster, job: Job): Promise<void> {
  const events = await cluster.events(job.id)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
  const ends = events.filter((event) => event.type === 'state' && event.data.state === 'succeeded')
  expect(ends).toHaveLength(1)
}

describe.each<QueueKind>(['redis', 'postgresql'])('a job with the queue on %s', (queue) => {
  let cluster: Cluster
  let undisturbed: { weights: string; metrics: string[] }

  beforeAll(async () => {
    cluster = await startCluster({ queue, workers: 1 })
    // the first job trains the teacher that all others find ready
    await cluster.finished((await cluster.submit(optdigitsJob('teacher', 1))).id)
    const job = await cluster.finished((await cluster.submit(optdigitsJob('undisturbed', STEPS))).id)
    expect(job).toMatchObject({ state: 'succeeded', attempt: 1 })
    undisturbed = await fingerprint(cluster, job)
    expect(undisturbed.weights).not.toBe('')
  })

  afterAll(() => cluster?.stop())

  async function expectAsUndisturbed(id: string, attempts: number): Promise<void> {
    const job = await cluster.finished(id)
    expect(job).toMatchObject({ state: 'succeeded', failure: null })
    expect(job.attempt).toBe(attempts)
    await expectOneEnd(cluster, job)
    expect(await fingerprint(cluster, job)).toEqual(undisturbed)
  }

  async function runningJob(name: string): Promise<Job> {
    const { id } = await cluster.submit(optdigitsJob(name, STEPS))
    return cluster.checkpointed(id)
  }

  function onlyWorker(): Cluster['workers'][number] {
    const worker = cluster.workers.at(-1)
    if (worker === undefined) throw new Error('the cluster has no worker')
    return worker
  }

  it('goes on from its checkpoint when the trainer is killed with -9', async () => {
    const job = await runningJob('trainer-killed')
    for (const pid of trainersOf(onlyWorker())) process.kill(pid, 'SIGKILL')
    await expectAsUndisturbed(job.id, 2)
  })

  it('goes on with another worker when its worker is killed with -9, and leaves no trainer behind', async () => {
    const job = await runningJob('worker-killed')
    const dead = onlyWorker()
    const trainers = trainersOf(dead)
    expect(trainers.length).toBeGreaterThan(0)
    await dead.end('SIGKILL')
    cluster.startWorker()
    await waitUntil('the trainers of the dead worker to end', () => trainers.every((pid) => !isAlive(pid)), 10)
    await expectAsUndisturbed(job.id, 2)
  })

  it('is handed back with a checkpoint when its worker gets SIGTERM', async () => {
    const job = await runningJob('worker-drained')
    expect(await onlyWorker().end('SIGTERM')).toBe(0)
    const handedBack = await cluster.job(job.id)
    expect(['queued', 'dispatched']).toContain(handedBack.state)
    cluster.startWorker()
    await expectAsUndisturbed(job.id, 2)
  })

  it('stops within five seconds of a cancel, keeps its checkpoint, and finishes the same after a retry', async () => {
    const job = await runningJob('cancelled')
    const asked = performance.now()
    expect((await cluster.request('POST', `/v1/jobs/${job.id}/cancel`)).status).toBeLessThan(300)
    const cancelled = await cluster.finished(job.id)
    expect(cancelled.state).toBe('cancelled')
    expect(performance.now() - asked).toBeLessThan(5000)
    expect((await cluster.artifacts(job.id)).some(({ kind }) => kind === 'checkpoint')).toBe(true)
    expect((await cluster.request('POST', `/v1/jobs/${job.id}/retry`)).status).toBeLessThan(300)
    await waitUntil('the retry to start', async () => (await cluster.job(job.id)).attempt === 2)
    await expectAsUndisturbed(job.id, 2)
  })

  it('goes on through a restart of PostgreSQL, and so does the next job', async () => {
    const job = await runningJob('database-restarted')
    await cluster.postgres.restart()
    const next = await waitUntil('a submit after the restart', () =>
      cluster.submit(optdigitsJob('after-restart', STEPS)).catch(() => undefined),
    )
    const finished = await cluster.finished(job.id)
    await expectAsUndisturbed(job.id, finished.attempt)
    await expectAsUndisturbed(next.id, (await cluster.finished(next.id)).attempt)
  })

  if (queue === 'redis')
    it('goes on when Redis is wiped, and a job that waits in it is not lost', async () => {
      const running = await runningJob('redis-wiped')
      const waiting = await cluster.submit(optdigitsJob('waits-while-wiped', STEPS))
      await sendToRedis(cluster, 'FLUSHALL')
      await expectAsUndisturbed(running.id, 1)
      await expectAsUndisturbed(waiting.id, 1)
    })

  if (queue === 'redis')
    it('goes on when Redis is killed and comes back empty', async () => {
      const running = await runningJob('redis-killed')
      await cluster.redis?.kill()
      const waiting = await cluster.submit(optdigitsJob('submitted-without-redis', STEPS))
      expect(waiting.state).toBe('queued')
      await cluster.redis?.restart()
      await expectAsUndisturbed(running.id, 1)
      await expectAsUndisturbed(waiting.id, 1)
    })

  it('still has its worker connected after all of this', async () => {
    await connected(cluster, 1)
  })
})

async function sendToRedis(cluster: Cluster, command: string): Promise<void> {
  const { Redis } = await import('ioredis')
  if (cluster.redis === undefined) throw new Error('this cluster has no Redis')
  const redis = new Redis(cluster.redis.url)
  await redis.call(command)
  redis.disconnect()
}
