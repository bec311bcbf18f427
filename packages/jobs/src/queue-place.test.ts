import { expect, test } from 'vitest'
import { type Situation, whyDispatched, whyHeldBack, whyQueued } from './queue-place.ts'

const situation = (part: Partial<Situation>): Situation => {
  return { workers: ['w1'], draining: 0, gpu: false, slots: 1, busy: 1, dispatched: 0, queueDown: false, ...part }
}

test.each([
  [1, {}, 'the only slot is busy'],
  [2, {}, 'the only slot is busy; 1 job is ahead'],
  [4, { slots: 2, busy: 1, dispatched: 1 }, 'all 2 slots are busy; 3 jobs are ahead'],
  [1, { slots: 2 }, 'a slot is free; the job is about to be handed over'],
  [2, { slots: 3, busy: 1, dispatched: 1 }, 'all 3 slots are busy; 1 job is ahead'],
  [1, { workers: [], slots: 0 }, 'no worker is connected'],
  [2, { workers: [], slots: 0, draining: 2 }, 'no worker takes jobs: 2 workers are draining; 1 job is ahead'],
])('a job queued at position %i in the situation %j is told why: %s', (position, part, reason) => {
  expect(whyQueued(position, situation(part))).toBe(reason)
})

test.each([
  [{}, 'waiting for worker w1 to take it'],
  [{ workers: ['w1', 'w2'] }, 'waiting for one of 2 workers to take it'],
  [{ workers: [] }, 'waiting for a worker to take it; none is connected'],
  [{ queueDown: true }, 'the queue does not answer; the hand-over is tried again'],
])('a job handed over in the situation %j is told why: %s', (part, reason) => {
  expect(whyDispatched(situation(part))).toBe(reason)
})

test.each([
  [{ maxRunning: 2, active: 2 }, 0, 'the team red may run 2 jobs at a time and runs 2'],
  [{ maxRunning: 1, active: 0 }, 1, 'the team red may run 1 job at a time and runs 0; 1 job of the team is ahead'],
  [{ maxRunning: 3, active: 5 }, 4, 'the team red may run 3 jobs at a time and runs 5; 4 jobs of the team are ahead'],
])('a job that the limit %j of its team holds back behind %i others is told why: %s', (limit, ahead, reason) => {
  expect(whyHeldBack({ name: 'red', allowance: 0, ...limit }, ahead)).toBe(reason)
})
