import type { Job } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { exitCodeForJobs } from './follow-jobs.ts'
import { holdsGraph } from './submit-graph.ts'

test.each([
  ['jobs:\n  a: { name: a }\n', true],
  ['{"jobs": {}}', true],
  ['name: a\ndata: { name: mnist }\n', false],
  ['name: a\ndata: { name: mnist }\njobs: 3\n', false],
  ['jobs: [', false],
  ['jobs', false],
])('%j holds several jobs: %s', (body, several) => {
  expect(holdsGraph({ body, contentType: 'application/yaml' })).toBe(several)
})

test('of several jobs the first that did not pass decides the exit code', () => {
  const passed = { state: 'succeeded', verdict: 'passed' } as Job
  const missed = { state: 'succeeded', verdict: 'failed' } as Job
  const cancelled = { state: 'cancelled', verdict: null } as Job
  expect(exitCodeForJobs([passed, passed])).toBe(0)
  expect(exitCodeForJobs([passed, missed, cancelled])).toBe(2)
  expect(exitCodeForJobs([cancelled, missed])).toBe(4)
})
