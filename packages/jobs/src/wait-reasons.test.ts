import type { Standing, WaitingGroup } from '@stillhouse/db'
import { expect, test } from 'vitest'
import { type WaitReasonsInput, waitReasons } from './wait-reasons.ts'

const group = (team: string, needs: string, jobs: number): WaitingGroup => ({
  teamId: `id of ${team}`,
  team,
  needs,
  jobs,
  oldestSeconds: 1,
})
const standing = (name: string, part: Partial<Standing> = {}): Standing => ({
  ...{ teamId: `id of ${name}`, name, weight: 1, usage: 0, active: 0, gpus: 0, gpuHours: 0 },
  ...{ maxRunning: null, maxGpus: null, maxGpuHours: null },
  ...part,
})
const CPU = { devices: [], labels: {}, memoryGb: null }
const WITH_GPU = { ...CPU, devices: [{ kind: 'gpu', name: 'GPU' }] } as const
const GPU = '{"gpus":1}'
const reasons = (input: Partial<WaitReasonsInput>) =>
  waitReasons({
    ...{ queued: [], held: [], outOfLine: [], workers: [CPU], standings: [standing('a'), standing('b')] },
    ...input,
  })

test('jobs that no connected worker can run wait for a worker, the others for a slot', () => {
  expect(reasons({ queued: [group('a', '', 3), group('a', GPU, 2)] })).toEqual([
    { team: 'a', reason: 'worker', jobs: 2 },
    { team: 'a', reason: 'busy', jobs: 3 },
  ])
  expect(reasons({ queued: [group('a', '', 3)], workers: [] })).toEqual([{ team: 'a', reason: 'worker', jobs: 3 }])
})

test('beyond what their team may run, jobs wait for its quota', () => {
  const standings = [standing('a', { maxRunning: 3, active: 2 }), standing('b')]
  expect(reasons({ queued: [group('a', '', 3), group('b', '', 2)], standings })).toEqual([
    { team: 'a', reason: 'quota', jobs: 2 },
    { team: 'a', reason: 'busy', jobs: 1 },
    { team: 'b', reason: 'busy', jobs: 2 },
  ])
})

test('a quota of GPUs holds back jobs that ask for one, and no others', () => {
  const standings = [standing('a', { maxGpus: 1, gpus: 1 })]
  const queued = [group('a', GPU, 3), group('a', '', 2)]
  expect(reasons({ queued, standings, workers: [WITH_GPU] })).toEqual([
    { team: 'a', reason: 'quota', jobs: 3 },
    { team: 'a', reason: 'busy', jobs: 2 },
  ])
})

test('jobs that wait after a failure are told apart', () => {
  const outOfLine = [{ teamId: 'id of a', backOff: 1 }]
  expect(reasons({ queued: [group('a', '', 3)], outOfLine })).toEqual([
    { team: 'a', reason: 'busy', jobs: 2 },
    { team: 'a', reason: 'back-off', jobs: 1 },
  ])
})

test('jobs that wait for others, or for the worker that has them, are told apart', () => {
  const held = [
    { team: 'a', state: 'blocked', jobs: 4 },
    { team: 'a', state: 'dispatched', jobs: 1 },
  ] as const
  expect(reasons({ held })).toEqual([
    { team: 'a', reason: 'dependency', jobs: 4 },
    { team: 'a', reason: 'hand-over', jobs: 1 },
  ])
})
