// Several jobs in one document: all of them or none, by names that become ids.
import { expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'
import { JOB, useTwoTeams } from './support/two-teams.ts'

const jobs = useJobs({ leaseSeconds: 20 })
const house = useTwoTeams(jobs)
const UNKNOWN = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'
const { name: _, ...NAMELESS } = JOB

/** A teacher, two students that it teaches, and one that compares them; written backwards. */
const GRAPH = {
  jobs: {
    compare: { ...NAMELESS, after: ['small', { job: 'large', condition: 'finished' }] },
    small: { ...NAMELESS, name: 'mine', method: { name: 'kd' }, teacher: { from: { job: 'teacher' } } },
    large: { ...NAMELESS, method: { name: 'kd' }, teachers: [{ from: { job: 'teacher' } }] },
    teacher: NAMELESS,
  },
}

const countJobs = () => jobs().query('SELECT count(*)::int FROM job')

async function refusedFor(graph: { jobs: object }): Promise<unknown> {
  const error = await house()
    .red.client.submitJobGraph(graph)
    .then(
      () => null,
      (refused) => refused,
    )
  expect(error).toMatchObject({ status: 400, code: 'spec.invalid' })
  expect(await countJobs()).toEqual([{ count: 0 }])
  return error.faults
}

test('names become ids, and the jobs wait for each other', async () => {
  const { red } = house()
  const { jobs: made, replayed } = await red.client.submitJobGraph(GRAPH)
  const { compare, small, large, teacher } = made
  expect(replayed).toBe(false)
  expect(teacher).toMatchObject({ name: 'teacher', state: 'queued', team: 'red' })
  expect(small).toMatchObject({
    name: 'mine',
    state: 'blocked',
    spec: { teachers: [{ from: { job: teacher?.id } }] },
    queue: { kind: 'dependency', reason: 'waits for job teacher (queued)' },
  })
  expect(large).toMatchObject({ name: 'large', state: 'blocked' })
  expect(compare?.spec.after).toEqual([
    { job: small?.id, condition: 'succeeded', otherwise: 'fail' },
    { job: large?.id, condition: 'finished', otherwise: 'fail' },
  ])
  // ids sort by time, so lists show the jobs in the order in which they can run
  expect([teacher, small, large, compare].map((job) => job?.id)).toEqual(
    Object.values(made)
      .map(({ id }) => id)
      .sort(),
  )
  const { items } = await red.client.listAudit({ action: 'submitJobGraph' })
  expect(items.map(({ target }) => target.id)).toEqual([compare, large, small, teacher].map((job) => job?.id))
  expect(new Set(items.map(({ requestId }) => requestId)).size).toBe(1)
})

test('a document may name jobs that are there already', async () => {
  const { red, blue } = house()
  const { job } = await red.client.submitJob(JOB)
  const graph = { jobs: { a: { ...NAMELESS, after: [job.id] }, b: { ...NAMELESS, after: ['a'] } } }
  expect((await red.client.submitJobGraph(graph)).jobs['a']?.queue?.reason).toBe('waits for job tiny (queued)')
  await expect(blue.client.submitJobGraph(graph)).rejects.toMatchObject({
    faults: [{ path: '/jobs/a/after/0', message: 'there is no such job', received: job.id }],
  })
  expect((await blue.client.listJobs()).items).toEqual([])
})

test('a circle is refused and spelled out', async () => {
  const a = { ...NAMELESS, after: ['c'] }
  const b = { ...NAMELESS, method: { name: 'kd' }, teacher: { from: { job: 'a' } } }
  const c = { ...NAMELESS, after: [{ job: 'b' }] }
  expect(await refusedFor({ jobs: { start: { ...NAMELESS, after: ['a'] }, a, b, c } })).toMatchObject([
    { message: expect.stringContaining('a → c → b → a'), received: 'a → c → b → a' },
  ])
  expect(await refusedFor({ jobs: { a: { ...NAMELESS, after: ['a'] } } })).toMatchObject([
    { path: '/jobs/a/after/0', received: 'a → a' },
  ])
})

test('every fault of every job is told at once, where it was written', async () => {
  const faults = await refusedFor({
    jobs: {
      teacher: { ...NAMELESS, train: {} },
      student: { ...NAMELESS, method: { name: 'kd' }, teacher: { from: { job: 'teachr' } }, after: [UNKNOWN] },
      taught: { ...NAMELESS, method: { name: 'kd' }, teacher: { from: { job: 'teacher' } }, surprise: 1 },
    },
  })
  expect(faults).toMatchObject([
    { path: '/jobs/student/teacher/from/job', received: 'teachr', suggestion: 'teacher' },
    { path: '/jobs/teacher/train' },
    { path: '/jobs/taught/surprise' },
  ])
  expect(
    await refusedFor({ jobs: { a: { ...NAMELESS, after: [UNKNOWN] }, b: { ...NAMELESS, after: [UNKNOWN] } } }),
  ).toMatchObject([{ path: '/jobs/a/after/0' }, { path: '/jobs/b/after/0' }])
})

const MANY = Object.fromEntries(Array.from({ length: 101 }, (__, i) => [`j${i}`, NAMELESS]))

test.each([
  ['nothing', {}, '/jobs'],
  ['a list', { jobs: [] }, '/jobs'],
  ['no jobs', { jobs: {} }, '/jobs'],
  ['a number', { jobs: { a: 5 } }, '/jobs/a'],
  ['a strange name', { jobs: { 'a/b': NAMELESS } }, '/jobs/a~1b'],
  ['something else beside the jobs', { jobs: { a: NAMELESS }, extra: 1 }, '/extra'],
  ['too many jobs', { jobs: MANY }, '/jobs'],
])('a document with %s is refused', async (_what, graph, path) => {
  expect(await refusedFor(graph as never)).toMatchObject([{ path }])
})

test('a quota that the jobs together exceed refuses all of them', async () => {
  const { admin, red } = house()
  await admin.updateTeam('red', { quotas: { maxQueued: 3 } })
  await expect(red.client.submitJobGraph(GRAPH)).rejects.toMatchObject({ code: 'quota.jobs_queued' })
  expect(await countJobs()).toEqual([{ count: 0 }])
  await admin.updateTeam('red', { quotas: { maxQueued: 4 } })
  await red.client.submitJobGraph(GRAPH)
})

test('the same Idempotency-Key gives the same jobs, however many at once, and no others', async () => {
  const { red, blue } = house()
  const again = () => red.client.submitJobGraph(GRAPH, { idempotencyKey: 'k' })
  const answers = await Promise.all(Array.from({ length: 10 }, again))
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(new Set(answers.map(({ jobs: made }) => JSON.stringify(Object.values(made).map(({ id }) => id)))).size).toBe(1)
  expect(await countJobs()).toEqual([{ count: 4 }])
  const other = red.client.submitJobGraph({ jobs: { alone: NAMELESS } }, { idempotencyKey: 'k' })
  await expect(other).rejects.toMatchObject({ code: 'idempotency.mismatch' })
  expect((await red.client.submitJob(JOB, { idempotencyKey: 'k' })).replayed).toBe(false)
  expect((await blue.client.submitJobGraph(GRAPH, { idempotencyKey: 'k' })).replayed).toBe(false)
})

test('a whole graph is cancelled by a label of its jobs, and retried', async () => {
  const { red } = house()
  const labelled = Object.fromEntries(
    Object.entries(GRAPH.jobs).map(([name, job]) => [name, { ...job, labels: { graph: 'g' } }]),
  )
  await red.client.submitJobGraph({ jobs: labelled })
  const labels = { graph: 'g' }
  expect(await red.client.changeJobs({ action: 'cancel', labels })).toMatchObject({ changed: 4, unchanged: [] })
  const states = async () => (await red.client.listJobs()).items.map(({ state }) => state)
  expect(await states()).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled'])
  expect(await red.client.changeJobs({ action: 'retry', labels })).toMatchObject({ changed: 4, unchanged: [] })
  expect(await states()).toEqual(['blocked', 'blocked', 'blocked', 'queued'])
})
