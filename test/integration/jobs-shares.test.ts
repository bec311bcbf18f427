// Whose turn it is: shares of teams by what they used, priorities within, places kept, jobs stopped for others – on a real
// database, with workers that train nothing.
import { dispatch } from '@stillhouse/jobs'
import type { Job } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'
import { JOB, type Member, useTwoTeams } from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 100, heartbeatSeconds: 30 })
const house = useTwoTeams(jobs)

const submit = async ({ client }: Member, change: object = {}): Promise<Job> =>
  (await client.submitJob({ ...JOB, ...change })).job
const BAD = { outcome: 'failed', code: 'data.invalid', message: 'x' } as const

/** Hands out, claims and ends jobs one at a time until none waits; answers whose each was. */
async function runAll(workerId: string, seconds: (team: string) => number): Promise<string[]> {
  const { handOut, service, query } = jobs()
  const order: string[] = []
  for (;;) {
    await handOut()
    const [job] = await query(`SELECT job.id, attempt, team.name FROM job JOIN team ON team.id = team_id
      WHERE state = 'dispatched'`)
    if (!job) return order
    const { id: jobId, attempt, name } = job as { id: string; attempt: number; name: string }
    order.push(name)
    await service.claim(jobId, { workerId, attempt })
    await query(`UPDATE job_attempt SET started_at = now() - make_interval(secs => $1) WHERE job_id = $2`, [
      seconds(name),
      jobId,
    ])
    await service.finish({ jobId, attempt }, BAD)
  }
}

test('two teams take turns, however many jobs one of them sends first', async () => {
  const { red, blue } = house()
  for (let n = 0; n < 6; n += 1) await submit(red)
  for (let n = 0; n < 3; n += 1) await submit(blue)
  const order = await runAll(await jobs().worker(), () => 60)
  expect(order.slice(0, 6).filter((name) => name === 'blue')).toHaveLength(3)
})

test('a team whose jobs run three times as long gets a third of the turns', async () => {
  const { red, blue } = house()
  for (let n = 0; n < 12; n += 1) await submit(red)
  for (let n = 0; n < 12; n += 1) await submit(blue)
  const order = await runAll(await jobs().worker(), (team) => (team === 'red' ? 3600 : 1200))
  expect(order.slice(0, 12).filter((name) => name === 'red')).toHaveLength(3)
})

test('a team of twice the weight gets twice the turns', async () => {
  const { red, blue, admin } = house()
  await admin.updateTeam('red', { weight: 2 })
  for (let n = 0; n < 12; n += 1) await submit(red)
  for (let n = 0; n < 12; n += 1) await submit(blue)
  const order = await runAll(await jobs().worker(), () => 600)
  expect(order.slice(0, 12).filter((name) => name === 'red')).toHaveLength(8)
})

test('what a team used counts half a day later, and is charged to the month', async () => {
  const { red, admin } = house()
  const { worker, query, context } = jobs()
  await submit(red)
  await runAll(await worker({ devices: [{ kind: 'gpu', name: 'T4' }] }), () => 3600)
  const usage = async () =>
    (await context.db.read((tables) => tables.teams.standings())).find(({ name }) => name === 'red')?.usage ?? 0
  const fresh = await usage()
  expect(fresh).toBeGreaterThan(3500)
  expect(fresh).toBeLessThan(3600)
  expect((await admin.getTeam('red')).usage.gpuHours).toBeCloseTo(1, 2)
  await query("UPDATE team SET usage_at = usage_at - interval '1 day'")
  expect((await usage()) / fresh).toBeCloseTo(0.5, 3)
})

test('an attempt over the turn of the month is charged to both months', async () => {
  const { red } = house()
  const { worker, query, service, handOut } = jobs()
  const { id } = await submit(red)
  const workerId = await worker({ devices: [{ kind: 'gpu', name: 'T4' }] })
  await handOut()
  await service.claim(id, { workerId, attempt: 1 })
  await query(
    "UPDATE job_attempt SET started_at = (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 hour') AT TIME ZONE 'UTC'",
  )
  await service.finish({ jobId: id, attempt: 1 }, BAD)
  const months = await query('SELECT month, gpu_seconds FROM team_month ORDER BY month')
  expect(months).toHaveLength(2)
  expect(months[0]?.['gpu_seconds']).toBeCloseTo(3600, 3)
})

test('a team holds no more GPUs than it may, and none once its hours of the month are used', async () => {
  const { red, admin } = house()
  const { worker, context, service, query } = jobs()
  await admin.updateTeam('red', { quotas: { maxGpus: 1, maxGpuHours: 2 } })
  const [first, second] = [await submit(red, { resources: { gpus: 1 } }), await submit(red, { resources: { gpus: 1 } })]
  const gpus = [1, 2].map((n) => ({ kind: 'gpu' as const, name: `T4 ${n}` }))
  const workerId = await worker({ slots: 2, devices: gpus })
  expect(await dispatch(context)).toBe(1)
  expect((await admin.getTeam('red')).usage).toMatchObject({ gpus: 1, running: 1 })
  const reason = async () => (await red.client.getJob(second.id)).queue
  expect(await reason()).toMatchObject({
    kind: 'quota',
    position: null,
    reason: 'the team red may hold 1 GPU at a time and holds 1',
  })
  await service.claim(first.id, { workerId, attempt: 1 })
  await query("UPDATE job_attempt SET started_at = now() - interval '3 hours' WHERE job_id = $1", [first.id])
  await service.finish({ jobId: first.id, attempt: 1 }, BAD)
  expect(await dispatch(context)).toBe(0)
  expect((await reason())?.reason).toBe('the team red may use 2 GPU-hours a month and has used 3.0')
  await admin.updateTeam('red', { quotas: { maxGpuHours: 4 } })
  expect(await dispatch(context)).toBe(1)
})

test('the queue shows who is due, who used what, and why each job waits; a team sees its own jobs only', async () => {
  const { red, blue, admin } = house()
  const { worker, handOut, query } = jobs()
  await admin.updateTeam('red', { weight: 3 })
  await admin.updateTeam('blue', { quotas: { maxGpus: 0 } })
  const [low, high] = [await submit(red, { priority: 1, name: 'low' }), await submit(red, { priority: 99 })]
  const [first, second] = [await submit(blue), await submit(blue)]
  await submit(blue, { resources: { gpus: 1 } })
  await worker({ name: 'w', slots: 1, memoryGb: 8 })
  await handOut()
  await query('UPDATE team SET usage = CASE name WHEN $1 THEN 30 ELSE 10 END', ['red'])
  const queue = await admin.getQueue()
  expect(queue).toMatchObject({ workers: 1, leaving: 0, slots: 1, busy: 1, inLine: 3 })
  expect(queue.teams).toMatchObject([
    { team: 'red', weight: 3, share: 0.75, used: expect.closeTo(0.75, 5), running: 1, inLine: 1, heldBack: 0 },
    { team: 'blue', weight: 1, share: 0.25, used: expect.closeTo(0.25, 5), running: 0, inLine: 2, heldBack: 1 },
  ])
  expect(queue.jobs.map(({ id, place }) => [id, place.position, place.kind])).toEqual([
    [first.id, 1, 'busy'],
    [low.id, 2, 'share'],
    [second.id, 3, 'share'],
  ])
  expect((await admin.getJob(second.id)).queue).toEqual(queue.jobs[2]?.place)
  const own = await red.client.getQueue()
  expect(own.teams.map(({ team }) => team)).toEqual(['red'])
  expect(own.jobs.map(({ name, place }) => [name, place.position])).toEqual([['low', 2]])
  expect(JSON.stringify(own)).not.toContain('blue')
  await expect(red.client.getQueue({ team: 'blue' })).rejects.toMatchObject({ status: 404 })
  expect((await red.client.getJob(high.id)).state).toBe('dispatched')
})

test('a job waits no longer than the bound, whatever its priority and its team', async () => {
  const { red, blue } = house()
  const { worker, handOut, query, queue } = jobs()
  const late = await submit(red, { priority: 0 })
  for (let n = 0; n < 5; n += 1) await submit(blue, { priority: 100 })
  await query("UPDATE team SET usage = 1e9 WHERE name = 'red'")
  expect((await red.client.getJob(late.id)).queue?.position).toBe(6)
  await query("UPDATE job SET queued_at = now() - interval '2 hours' WHERE id = $1", [late.id])
  expect((await red.client.getJob(late.id)).queue?.position).toBe(1)
  await worker()
  await handOut()
  expect([...queue.held.values()].map(({ jobId }) => jobId)).toEqual([late.id])
})

test('a job that failed is not handed out before it is due', async () => {
  const { red } = house()
  const { worker, context, query } = jobs()
  const { id } = await submit(red)
  await query("UPDATE job SET failures = 1, retry_at = now() + interval '100 seconds'")
  await worker()
  expect(await dispatch(context)).toBe(0)
  const { queue } = await red.client.getJob(id)
  expect(queue).toMatchObject({ position: null, kind: 'back-off' })
  expect(Date.parse(queue?.expectedStart ?? '') - Date.now()).toBeGreaterThan(90_000)
  await query("UPDATE job SET retry_at = now() - interval '1 second'")
  expect(await dispatch(context)).toBe(1)
})

test('a preemptible job makes room for one of higher priority, at no cost, and goes on after it', async () => {
  const { red, blue } = house()
  const { worker, handOut, service, query, context } = jobs()
  const workerId = await worker({ features: ['hand-back'] })
  const victim = await submit(red, { priority: 10, preemptible: true })
  await handOut()
  await service.claim(victim.id, { workerId, attempt: 1 })
  const urgent = await submit(red, { priority: 90 })
  const other = await submit(blue, { priority: 10 })
  await handOut()
  const beat = { state: 'active' as const, jobs: [{ jobId: victim.id, attempt: 1 }] }
  expect((await service.heartbeat(workerId, beat)).jobs).toEqual([
    {
      jobId: victim.id,
      attempt: 1,
      order: 'hand-back',
      reason: `preempted by job ${urgent.id} of higher priority`,
    },
  ])
  await handOut()
  expect(await query('SELECT count(*)::int FROM job WHERE stop_reason IS NOT NULL')).toEqual([{ count: 1 }])
  await service.finish({ jobId: victim.id, attempt: 1 }, { outcome: 'handed-back', reason: 'preempted' })
  expect(await query('SELECT failures, stop_reason FROM job WHERE id = $1', [victim.id])).toEqual([
    { failures: 0, stop_reason: null },
  ])
  await handOut()
  // the place was made for it, although the other team is due
  expect((await red.client.getJob(urgent.id)).state).toBe('dispatched')
  expect((await blue.client.getJob(other.id)).state).toBe('queued')
  await service.claim(urgent.id, { workerId, attempt: 1 })
  await service.finish({ jobId: urgent.id, attempt: 1 }, BAD)
  for (const { id } of [other, victim]) {
    await handOut()
    const { attempt } = await context.db.read(async (tables) => (await tables.jobs.find(id)) ?? { attempt: 0 })
    await service.claim(id, { workerId, attempt })
    await service.finish({ jobId: id, attempt }, BAD)
  }
})

test('a place made on a worker that goes away is given up', async () => {
  const { red } = house()
  const { worker, handOut, service, query } = jobs()
  const workerId = await worker({ features: ['hand-back'] })
  const victim = await submit(red, { priority: 10, preemptible: true })
  await handOut()
  await service.claim(victim.id, { workerId, attempt: 1 })
  const urgent = await submit(red, { priority: 90 })
  await handOut()
  expect(await query('SELECT reserved_on FROM job WHERE id = $1', [urgent.id])).toEqual([{ reserved_on: workerId }])
  await service.removeWorker(workerId)
  await worker({ name: 'w2' })
  await handOut()
  expect((await red.client.getJob(urgent.id)).state).toBe('dispatched')
})

test('once jobs of its kind have finished, a waiting job says when it will start', async () => {
  const { red } = house()
  const { worker, handOut, service, query, exportModel } = jobs()
  const workerId = await worker()
  const first = await submit(red)
  await handOut()
  await service.claim(first.id, { workerId, attempt: 1 })
  const second = await submit(red)
  expect((await red.client.getJob(second.id)).queue?.expectedStart).toBeNull()
  await exportModel({ jobId: first.id, attempt: 1 })
  await query("UPDATE job_attempt SET started_at = now() - interval '100 seconds'")
  await service.finish({ jobId: first.id, attempt: 1 }, { outcome: 'succeeded', metrics: {}, metricSeq: 0 })
  await handOut()
  await service.claim(second.id, { workerId, attempt: 1 })
  const longer = await submit(red, { train: { epochs: 3 } })
  const inSeconds = async ({ id }: Job) =>
    (Date.parse((await red.client.getJob(id)).queue?.expectedStart ?? '') - Date.now()) / 1000
  expect(await inSeconds(longer)).toBeGreaterThan(90)
  expect(await inSeconds(longer)).toBeLessThan(105)
  const last = await submit(red)
  expect(await inSeconds(last)).toBeGreaterThan(190)
})
