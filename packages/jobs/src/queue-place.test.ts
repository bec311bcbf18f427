import type { Room } from '@stillhouse/db'
import { parseNeeds } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { type Situation, whyDispatched, whyHeldBack, whyQueued } from './queue-place.ts'

const room = (part: Partial<Room> = {}): Room => ({
  ...{
    id: 'id-1',
    name: 'w1',
    slots: 1,
    running: 1,
    dispatched: 0,
    devices: [],
    labels: {},
    memoryGb: null,
    memoryHeldGb: 0,
    features: [],
  },
  ...part,
})
const situation = (part: Partial<Situation>): Situation => ({
  workers: [room()],
  draining: 0,
  queueDown: false,
  ...part,
})
const gpu = { devices: [{ kind: 'gpu', name: 'T4' }] } as const

test.each([
  [1, {}, 'the only slot is busy'],
  [2, {}, 'the only slot is busy; 1 job is ahead'],
  [4, { workers: [room({ slots: 2, dispatched: 1 })] }, 'all 2 slots are busy; 3 jobs are ahead'],
  [1, { workers: [room({ slots: 2 })] }, 'a slot is free; the job is about to be handed over'],
  [2, { workers: [room(), room({ slots: 2, dispatched: 1 })] }, 'all 3 slots are busy; 1 job is ahead'],
  [1, { workers: [] }, 'no worker is connected'],
  [2, { workers: [], draining: 2 }, 'no worker takes jobs: 2 workers are draining; 1 job is ahead'],
])('a job queued at position %i in the situation %j is told why: %s', (position, part, reason) => {
  expect(whyQueued(position, parseNeeds(''), situation(part))).toBe(reason)
})

test.each([
  [{}, 'it asks for a GPU and no connected worker has that'],
  [{ workers: [room({ slots: 2 }), room(gpu)] }, 'the only slot with a GPU is busy'],
  [{ workers: [room(), room({ ...gpu, slots: 2 })] }, 'a slot is free; the job is about to be handed over'],
])('a job that asks for a GPU in the situation %j is told why: %s', (part, reason) => {
  expect(whyQueued(1, parseNeeds('{"gpus":1}'), situation(part))).toBe(reason)
})

test.each([
  [{}, 'waiting for worker w1 to take it'],
  [{ workers: [] }, 'the worker that should take it is gone; another one is looked for'],
  [{ queueDown: true }, 'the queue does not answer; the hand-over is tried again'],
])('a job handed over in the situation %j is told why: %s', (part, reason) => {
  expect(whyDispatched('id-1', situation(part))).toBe(reason)
})

test.each([
  [{ maxRunning: 2, active: 2 }, 0, 'the team red may run 2 jobs at a time and runs 2'],
  [{ maxRunning: 1, active: 0 }, 1, 'the team red may run 1 job at a time and runs 0; 1 job of the team is ahead'],
  [{ maxRunning: 3, active: 5 }, 4, 'the team red may run 3 jobs at a time and runs 5; 4 jobs of the team are ahead'],
])('a job that the limit %j of its team holds back behind %i others is told why: %s', (limit, ahead, reason) => {
  expect(whyHeldBack({ name: 'red', allowance: 0, ...limit }, ahead)).toBe(reason)
})
