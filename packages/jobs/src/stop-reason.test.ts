import { expect, test } from 'vitest'
import { drainedFrom, handBackEnding, preemptedBy } from './stop-reason.ts'

const WINNER = { id: 'j1', teamId: 'red' }

test('a job that gives way is told which job of its own team it gives way to', () => {
  expect(preemptedBy(WINNER, { teamId: 'red' })).toBe('preempted by job j1 of higher priority')
})

test("a job of another team is told that there is one and nothing more about another team's job", () => {
  expect(preemptedBy(WINNER, { teamId: 'blue' })).toBe('preempted by a job of higher priority')
})

test.each([
  [preemptedBy(WINNER, { teamId: 'red' }), 'preempted'],
  [preemptedBy(WINNER, { teamId: 'blue' }), 'preempted'],
  [drainedFrom('gpu-7'), 'handed-back'],
  [null, 'handed-back'],
])('an attempt that was handed back because of "%s" ended as %s', (reason, ending) => {
  expect(handBackEnding(reason)).toBe(ending)
})
