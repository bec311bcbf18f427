import { expect, test } from 'vitest'
import type { Overview } from './look-around.ts'
import { allowanceOf } from './schedule/allowances.ts'
import { GPU, gpu, held, room, standing } from './testing/scheduled.ts'
import { expectedIn, whyDispatched, whyHeldBack, whyInLine, whyLater } from './why-waits.ts'

const busy = (part = {}) => room('w1', { running: 1, ...part })
const overview = (part: Partial<Overview>): Overview => ({
  ...{ workers: [busy()], draining: 0, queueDown: false, lines: [], waiting: [], held: [], charge: 3, measured: true },
  ...part,
})

test.each([
  [1, 0, {}, 'busy', 'the only slot is busy'],
  [2, 1, {}, 'busy', 'the only slot is busy; 1 job is ahead'],
  [4, 1, {}, 'share', 'the only slot is busy; 3 jobs are ahead, 2 of them of teams that are due first'],
  [4, 3, { workers: [busy({ slots: 2, dispatched: 1 })] }, 'busy', 'all 2 slots are busy; 3 jobs are ahead'],
  [1, 0, { workers: [busy({ slots: 2 })] }, 'next', 'a slot is free; the job is about to be handed over'],
  [2, 1, { workers: [busy({ slots: 2 })] }, 'reserved', 'the free slots are for jobs ahead; 1 job is ahead'],
  [1, 0, { workers: [] }, 'worker', 'no worker is connected'],
  [
    2,
    1,
    { workers: [], draining: 2 },
    'worker',
    'no worker takes jobs: 2 workers are draining or cordoned; 1 job is ahead',
  ],
])('a job at position %i, %i of its team ahead, in the situation %j waits for %s: %s', (...args) => {
  const [position, ownAhead, part, kind, reason] = args
  expect(whyInLine({ needs: '', position, ownAhead }, overview(part))).toEqual({ kind, reason })
})

test.each([
  [{}, 'worker', 'it asks for a GPU and no connected worker has that'],
  [{ workers: [busy({ slots: 2 }), busy(gpu())] }, 'busy', 'the only slot with a GPU is busy'],
  [{ workers: [busy(), busy({ ...gpu(), slots: 2 })] }, 'next', 'a slot is free; the job is about to be handed over'],
])('a job that asks for a GPU in the situation %j waits for %s: %s', (part, kind, reason) => {
  expect(whyInLine({ needs: GPU, position: 1, ownAhead: 0 }, overview(part))).toEqual({ kind, reason })
})

test('a slot without the memory that a job asks for is not free for it', () => {
  const workers = [busy({ slots: 2, memoryGb: 32, memoryHeldGb: 20 })]
  const why = (memoryGb: number) =>
    whyInLine({ needs: `{"memoryGb":${memoryGb}}`, position: 1, ownAhead: 0 }, overview({ workers }))
  expect(why(12).kind).toBe('next')
  expect(why(13)).toEqual({ kind: 'busy', reason: 'all 2 slots with 13 GB of memory are busy' })
})

test.each([
  [{}, 'waiting for worker w1 to take it'],
  [{ workers: [] }, 'the worker that should take it is gone; another one is looked for'],
  [{ queueDown: true }, 'the queue does not answer; the hand-over is tried again'],
])('a job handed over in the situation %j is told why: %s', (part, reason) => {
  expect(whyDispatched('w1', overview(part))).toEqual({ kind: 'hand-over', reason })
})

const NONE_UNMET = { unmet: [], unmetJobs: 0 }
const ONE_GPU = { maxGpus: 1, gpus: 1 }
const HOURS = { maxGpuHours: 10, gpuHours: 10.04 }
test.each([
  [{ maxRunning: 2, active: 2 }, '', 0, 'the team red may run 2 jobs at a time and runs 2'],
  [{ maxRunning: 1 }, '', 1, 'the team red may run 1 job at a time and runs 0; 1 job of the team is ahead'],
  [
    { maxRunning: 3, active: 5 },
    '',
    4,
    'the team red may run 3 jobs at a time and runs 5; 4 jobs of the team are ahead',
  ],
  [ONE_GPU, GPU, 0, 'the team red may hold 1 GPU at a time and holds 1'],
  [HOURS, GPU, 0, 'the team red may use 10 GPU-hours a month and has used 10.0'],
])(
  'a job that the limit %j of its team holds back (needs %j, %i ahead) is told why: %s',
  (limit, needs, ahead, reason) => {
    const team = standing('red', limit)
    const line = {
      standing: team,
      allowance: allowanceOf(team),
      jobs: 9,
      overdue: 0,
      heldBack: [GPU],
      heldBackJobs: 1,
      ...NONE_UNMET,
    }
    expect(whyHeldBack(line, needs, ahead)).toEqual({ kind: 'quota', reason })
  },
)

test('a job that no limit holds back is not told so', () => {
  const team = standing('red', { maxRunning: 2, active: 1 })
  const line = {
    standing: team,
    allowance: allowanceOf(team),
    jobs: 9,
    overdue: 0,
    heldBack: [],
    heldBackJobs: 0,
    ...NONE_UNMET,
  }
  expect(whyHeldBack(line, '', 0)).toBeUndefined()
})

test('a job that failed says when it is tried again', () => {
  expect(whyLater({ failures: 1 }, 3.2)).toEqual({
    kind: 'back-off',
    reason: 'after 1 failure it is tried again in 4 s',
  })
})

test('the expected start follows from how far those that run are, and how long jobs take', () => {
  const workers = [busy({ slots: 2, running: 2 })]
  const runs = [held('x', 'w1', { seconds: 100, done: 0.9 }), held('y', 'w1', { ranSeconds: 30, done: 0.5 })]
  const at = (position: number, part = {}) =>
    expectedIn({ needs: '', position, ownAhead: 0 }, overview({ workers, held: runs, ...part }))
  expect(at(1)).toBeCloseTo(10)
  expect(at(2)).toBeCloseTo(30, 0)
  expect(at(3)).toBeCloseTo(70, 0)
  expect(at(1, { measured: false })).toBeNull()
  expect(at(1, { measured: false, workers: [room('w1')], held: [] })).toBe(0)
  expect(at(1, { workers: [] })).toBeNull()
})
