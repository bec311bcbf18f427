import type { WaitingGroup } from '@stillhouse/db'
import { expect, test } from 'vitest'
import { waitReasons } from './wait-reasons.ts'

const group = (team: string, needs: string, jobs: number): WaitingGroup => ({
  teamId: `id of ${team}`,
  team,
  needs,
  jobs,
  oldestSeconds: 1,
})
const CPU = { devices: [], labels: {} }
const GPU = '{"gpus":1}'

test('jobs that no connected worker can run wait for a worker, the others for a slot', () => {
  expect(waitReasons([group('a', '', 3), group('a', GPU, 2)], [CPU], [])).toEqual([
    { team: 'a', reason: 'no-worker', jobs: 2 },
    { team: 'a', reason: 'slot', jobs: 3 },
  ])
  expect(waitReasons([group('a', '', 3)], [], [])).toEqual([{ team: 'a', reason: 'no-worker', jobs: 3 }])
})

test('beyond what their team may run, jobs wait for its quota', () => {
  const limits = [{ teamId: 'id of a', allowance: 1 }]
  expect(waitReasons([group('a', '', 3), group('b', '', 2)], [CPU], limits)).toEqual([
    { team: 'a', reason: 'quota', jobs: 2 },
    { team: 'a', reason: 'slot', jobs: 1 },
    { team: 'b', reason: 'slot', jobs: 2 },
  ])
})
