import type { WaitingGroup } from '@stillhouse/db'
import { expect, test } from 'vitest'
import { type WaitReasonsInput, waitReasons } from './wait-reasons.ts'

const group = (team: string, needs: string, jobs: number): WaitingGroup => ({
  teamId: `id of ${team}`,
  team,
  needs,
  jobs,
  oldestSeconds: 1,
})
const CPU = { devices: [], labels: {}, memoryGb: null }
const GPU = '{"gpus":1}'
const reasons = (input: Partial<WaitReasonsInput>) =>
  waitReasons({ queued: [], held: [], workers: [CPU], limits: [], ...input })

test('jobs that no connected worker can run wait for a worker, the others for a slot', () => {
  expect(reasons({ queued: [group('a', '', 3), group('a', GPU, 2)] })).toEqual([
    { team: 'a', reason: 'worker', jobs: 2 },
    { team: 'a', reason: 'busy', jobs: 3 },
  ])
  expect(reasons({ queued: [group('a', '', 3)], workers: [] })).toEqual([{ team: 'a', reason: 'worker', jobs: 3 }])
})

test('beyond what their team may run, jobs wait for its quota', () => {
  const limits = [{ teamId: 'id of a', allowance: 1 }]
  expect(reasons({ queued: [group('a', '', 3), group('b', '', 2)], limits })).toEqual([
    { team: 'a', reason: 'quota', jobs: 2 },
    { team: 'a', reason: 'busy', jobs: 1 },
    { team: 'b', reason: 'busy', jobs: 2 },
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
