// The numbers behind the metrics, on a real database: waits, usage and attempts by team.
import { setTimeout as sleep } from 'node:timers/promises'
import { WAIT_BOUNDS } from '@stillhouse/jobs'
import { expect, test } from 'vitest'
import { eventually, reportWith, useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 60, heartbeatSeconds: 20 })

const GPU = { resources: { gpus: 1 } }
const progress = { stage: 'train', stageIndex: 0, stageCount: 1, step: 10, steps: 110, epoch: 0.1, epochs: 1 }

test('queued jobs are counted by team, reason and needs', async () => {
  const { service, submit, worker, query } = jobs()
  await worker()
  await submit()
  await submit(GPU)
  await submit(GPU)
  await query(`UPDATE job SET queued_at = now() - interval '50 seconds' WHERE needs <> ''`)
  const stats = await service.stats()
  expect(stats.waiting).toEqual([
    { team: 'default', reason: 'worker', jobs: 2 },
    { team: 'default', reason: 'busy', jobs: 1 },
  ])
  expect(stats.waitingNeeds).toEqual([
    { needs: '', jobs: 1 },
    { needs: '{"gpus":1}', jobs: 2 },
  ])
  const [oldest] = stats.oldestWaits
  expect(oldest?.seconds).toBeGreaterThan(49)
  expect(oldest?.seconds).toBeLessThan(80)
  expect(stats.oldestQueuedSeconds).toBe(oldest?.seconds)
})

test('jobs on their way to a worker are told apart from those that wait for a slot', async () => {
  const { service, submit, worker, handOut } = jobs()
  await worker()
  await submit()
  await handOut()
  expect((await service.stats()).waiting).toEqual([{ team: 'default', reason: 'hand-over', jobs: 1 }])
})

test('what jobs reported last tells how fast a team trains', async () => {
  const { service, running } = jobs()
  const { id } = await running()
  const report = { ...progress, imagesPerSecond: 640, secondsLeft: 5 }
  await service.report({ jobId: id, attempt: 1 }, reportWith(1, { progress: report }))
  const { training } = await service.stats()
  expect(training).toEqual([{ team: 'default', jobs: 1, imagesPerSecond: 640, stepSeconds: 0.05 }])
})

test('a job that has not said how fast it is takes part in nothing but the count', async () => {
  const { service, running } = jobs()
  await running()
  const { training } = await service.stats()
  expect(training).toEqual([{ team: 'default', jobs: 1, imagesPerSecond: 0, stepSeconds: null }])
})

test('attempts that end are counted by ending and by who is to blame', async () => {
  const { service, running } = jobs()
  await service.totals()
  const { id } = await running({ resources: { attempts: 1 } })
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'failed', code: 'trainer.crashed', message: 'gone' })
  const { attempts } = await service.totals()
  expect(attempts).toEqual([
    { team: 'default', ending: 'failed', code: 'trainer.crashed', failureClass: 'infrastructure', attempts: 1 },
  ])
})

test('every attempt counts once, however often one looks and however late it settles', async () => {
  const { service, running, submit, handOut, queue } = jobs()
  await service.totals()
  const { id } = await running()
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'cancelled' })
  const count = async () => (await service.totals()).attempts.reduce((sum, one) => sum + one.attempts, 0)
  expect([await count(), await count()]).toEqual([1, 1])
  // the job came back and is cancelled for good with its second attempt
  await handOut()
  const workerId = queue.place.get(`${id}-2`) ?? ''
  await service.claim(id, { workerId, attempt: 2 })
  await service.finish({ jobId: id, attempt: 2 }, { outcome: 'cancelled' })
  expect([await count(), await count()]).toEqual([2, 2])
  await submit()
  expect(await count()).toBe(2)
})

test('what is settled is marked, and is not in the window that begins there', async () => {
  const { service, context, running, query } = jobs()
  const { id } = await running()
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'cancelled' })
  await query(
    `UPDATE job_attempt SET started_at = now() - interval '3 minutes', ended_at = now() - interval '2 minutes'`,
  )
  const epoch = new Date(0)
  const look = (since: Date) =>
    context.db.read(async ({ stats }) => {
      const window = { since, settled: (await stats.clock()).settled, origin: epoch }
      return { ...window, ended: await stats.ended(window), started: await stats.started(window, WAIT_BOUNDS) }
    })
  const first = await look(epoch)
  expect(first.ended).toMatchObject([{ attempts: 1, settled: true, slotSeconds: expect.closeTo(60, 0) }])
  expect(first.started.map(({ settled }) => settled)).toEqual([true, true])
  expect(await look(first.settled)).toMatchObject({ ended: [], started: [] })
})

test('slots are paid for while they are used, and time before the first look is not counted', async () => {
  const { service, running, query } = jobs()
  const { id } = await running()
  await query(`UPDATE job_attempt SET started_at = now() - interval '1 hour', gpus = 2`)
  const slotSeconds = async () => (await service.totals()).usage[0]?.slotSeconds ?? 0
  expect(await slotSeconds()).toBeLessThan(30)
  await sleep(300)
  const running1 = await service.totals()
  const [used] = running1.usage
  expect(used?.slotSeconds).toBeGreaterThan(0.25)
  expect(used?.gpuSeconds).toBeCloseTo(2 * (used?.slotSeconds ?? 0), 5)
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'handed-back', reason: 'test' })
  const ended = await slotSeconds()
  await sleep(200)
  expect(await slotSeconds()).toBe(ended)
  expect(ended).toBeGreaterThanOrEqual(used?.slotSeconds ?? 0)
})

test('waits are counted when an attempt starts, from its place in the queue and from the end of the one before', async () => {
  const { service, submit, worker, handOut, queue, query } = jobs()
  await service.totals()
  await worker()
  const { id } = await submit()
  await query(`UPDATE job SET queued_at = now() - interval '20 seconds'`)
  await handOut()
  expect((await service.totals()).waits).toEqual([])
  await service.claim(id, { workerId: queue.place.get(`${id}-1`) ?? '', attempt: 1 })
  const waits = await eventually(async () => (await service.totals()).waits)
  expect(waits.map(({ until }) => until).sort()).toEqual(['dispatch', 'start'])
  const place = WAIT_BOUNDS.findIndex((bound) => bound > 20)
  for (const wait of waits) {
    expect(wait.counts[place]).toBe(1)
    expect(wait.seconds).toBeGreaterThan(20)
  }
  await service.finish({ jobId: id, attempt: 1 }, { outcome: 'handed-back', reason: 'test' })
  await handOut()
  await service.claim(id, { workerId: queue.place.get(`${id}-2`) ?? '', attempt: 2 })
  const again = (await service.totals()).waits.find(({ until }) => until === 'start')
  const total = (again?.counts ?? []).reduce((sum, count) => sum + count, 0)
  expect(total).toBe(2)
  expect(again?.counts[place]).toBe(1)
})

test('the background work tells what it did on the replica that leads, and nothing on the others', async () => {
  const { service, submit, worker } = jobs()
  expect(service.background()).toMatchObject({ leading: false, handedOut: 0, loops: { dispatch: { rounds: 0 } } })
  await worker()
  await submit()
  await service.start()
  const stats = await eventually(() => {
    const now = service.background()
    return now.relayed > 0 ? now : undefined
  }, 20_000)
  expect(stats).toMatchObject({ leading: true, handedOut: 1, relayed: 1 })
  expect(stats.loops.dispatch.idleSeconds).toBeLessThan(5)
  expect(stats.loops.dispatch.lastSeconds).toBeGreaterThan(0)
})
