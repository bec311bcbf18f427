import type { JobGraph, Problem, Validation } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const { teacher: _, name: __, ...STUDENT } = MINIMAL_JOB

beforeAll(async () => {
  const signatureOf = ({ data }: { data: { name: string } }) =>
    data.name === 'mnist' ? { inputShape: [28, 28, 1], classes: 10 } : { inputShape: [8, 8, 1], classes: 10 }
  t = createTestApp({ signatureOf })
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

const post = (payload: object | string, headers: object = {}, url = '/v1/job-graphs') =>
  t.app.inject({ method: 'POST', url, payload, headers: { ...as('writer'), ...headers } })

const GRAPH = { jobs: { student: { ...STUDENT, teacher: { from: { job: 'big' } } }, big: MINIMAL_JOB } }

test('jobs of one document are sent together, under their names', async () => {
  const response = await post(GRAPH, { 'idempotency-key': 'k' })
  expect(response.statusCode).toBe(201)
  const { jobs } = response.json<JobGraph>()
  expect(jobs).toMatchObject({ big: { name: 'tiny' }, student: { name: 'student' } })
  expect(jobs['student']?.spec.teachers[0]?.from).toEqual({ job: jobs['big']?.id })
  expect(t.service.calls.at(-1)).toEqual([
    'submitGraph',
    { idempotencyKey: 'k', bodyHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
})

test('a document may be YAML', async () => {
  const response = await post(JSON.stringify(GRAPH), { 'content-type': 'application/yaml' })
  expect(response.statusCode).toBe(201)
})

test('a teacher of the same document is judged by its spec, before it has trained', async () => {
  const other = { ...MINIMAL_JOB, data: { name: 'optdigits' }, export: [{ format: 'tfjs-layers' }] }
  const before = t.service.jobs.size
  const { faults } = (await post({ jobs: { ...GRAPH.jobs, big: other } })).json<Problem>()
  expect(faults).toEqual([
    {
      path: '/jobs/student/teacher/from/job',
      message: 'the model does not fit the data',
      expected: 'inputs [28, 28, 1] and outputs [10]',
      received: 'inputs [8, 8, 1] and outputs [10]',
    },
  ])
  expect(t.service.jobs.size).toBe(before)
})

test('a faulty teacher is told once, and not missed by those that it teaches', async () => {
  const { faults } = (await post({ jobs: { ...GRAPH.jobs, big: { ...MINIMAL_JOB, train: {} } } })).json<Problem>()
  expect(faults?.map(({ path }) => path)).toEqual(['/jobs/big/train'])
})

test('validation tells the same and sends nothing', async () => {
  const before = t.service.jobs.size
  const validate = async (graph: object) =>
    (await post(graph, {}, '/v1/job-graphs/validate')).json<Pick<Validation, 'valid' | 'faults'>>()
  expect(await validate(GRAPH)).toEqual({ valid: true, faults: [] })
  const unknown = { jobs: { a: { ...MINIMAL_JOB, after: ['0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'] } } }
  expect(await validate(unknown)).toMatchObject({ valid: false, faults: [{ path: '/jobs/a/after/0' }] })
  expect(await validate({ jobs: { a: { ...MINIMAL_JOB, after: ['a'] } } })).toMatchObject({
    valid: false,
    faults: [{ path: '/jobs/a/after/0', received: 'a → a' }],
  })
  expect(t.service.jobs.size).toBe(before)
})
