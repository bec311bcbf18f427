import { expect, test } from 'vitest'
import { readGraph } from './read-graph.ts'

const ID = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'
const newIds = (count: number) => Array.from({ length: count }, (_, i) => `id-${i}`)
const read = (jobs: unknown) => readGraph({ jobs }, newIds)

test('each job comes after those that it waits for, with ids in place of names', () => {
  const { jobs, faults } = read({
    c: { after: ['b', { job: 'a', condition: 'passed' }, ID], name: 'named' },
    b: { teachers: [{ model: 'cnn' }, { from: { job: 'a' } }, { from: { upload: 'a' } }] },
    a: {},
    d: { teacher: { from: { job: 'c' } } },
  })
  expect(faults).toEqual([])
  expect(jobs).toEqual([
    { name: 'a', id: 'id-0', body: { name: 'a' } },
    {
      name: 'b',
      id: 'id-1',
      body: { name: 'b', teachers: [{ model: 'cnn' }, { from: { job: 'id-0' } }, { from: { upload: 'a' } }] },
    },
    { name: 'c', id: 'id-2', body: { name: 'named', after: ['id-1', { job: 'id-0', condition: 'passed' }, ID] } },
    { name: 'd', id: 'id-3', body: { name: 'd', teacher: { from: { job: 'id-2' } } } },
  ])
})

test('what was handed in is not changed', () => {
  const input = { jobs: { a: {}, b: { after: ['a'] } } }
  readGraph(input, newIds)
  expect(input).toEqual({ jobs: { a: {}, b: { after: ['a'] } } })
})

test('a name that is none is told where it stands, with the one that was meant', () => {
  expect(read({ teacher: {}, b: { after: ['teachr'] } }).faults).toEqual([
    {
      path: '/jobs/b/after/0',
      message: 'there is no such job',
      expected: 'the name of a job of this document (teacher) or an id',
      received: 'teachr',
      suggestion: 'teacher',
    },
  ])
})

test.each([
  [{ a: { after: ['a'] } }, 'a → a'],
  [{ a: { after: ['b'] }, b: { after: ['a'] } }, 'a → b → a'],
  [
    { x: { after: ['a'] }, a: { after: ['b'] }, b: { after: ['c'] }, c: { teacher: { from: { job: 'a' } } } },
    'a → b → c → a',
  ],
])('the circle in %j is spelled %s', (jobs, spelled) => {
  expect(read(jobs).faults).toMatchObject([{ received: spelled, message: expect.stringContaining(spelled) }])
})

test('jobs that wait for one in two ways are no circle', () => {
  const diamond = { d: { after: ['b', 'c'] }, b: { after: ['a'] }, c: { after: ['a'] }, a: {} }
  expect(read(diamond)).toMatchObject({
    faults: [],
    jobs: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }],
  })
})

test.each([[null], [[]], ['jobs'], [{}], [{ jobs: [] }], [{ jobs: { a: [] } }], [{ jobs: { a: null } }]])(
  '%j is no document of jobs',
  (input) => {
    expect(readGraph(input, newIds)).toMatchObject({ jobs: [], faults: [{ path: expect.any(String) }] })
  },
)

test('fields of another form are left to the check of each job', () => {
  const odd = { after: [5, null, { job: 7 }], teachers: [3, { from: 'x' }], teacher: 'y' }
  expect(read({ a: odd })).toEqual({ jobs: [{ name: 'a', id: 'id-0', body: { name: 'a', ...odd } }], faults: [] })
})
