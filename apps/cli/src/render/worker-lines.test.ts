import type { Worker } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { changeLine, workerTable } from './worker-lines.ts'

const AT = '2026-01-02T03:04:05.000Z'
const T4 = { kind: 'gpu', name: 'Tesla T4', memoryGb: 15 } as const
const WORKER: Worker = {
  id: '00000000-0000-7000-8000-000000000001',
  name: 'gpu-7',
  host: 'rack-1',
  version: '0.1.0',
  state: 'active',
  mode: 'active',
  slots: 2,
  busy: 2,
  devices: [T4, T4, { kind: 'cpu', name: 'CPU', memoryGb: 64 }],
  labels: { zone: 'a', rack: '1' },
  memoryGb: 62.44,
  handsBack: true,
  lastSeenAt: AT,
  jobs: [{ id: 'j1', name: 'kd', team: 'red', attempt: 2, progress: 0.459, stopReason: 'worker gpu-7 is drained' }],
}

test('a worker is shown with its machine, and then its jobs with their progress', () => {
  const [, , row = '', , , , first = '', second = ''] = workerTable([WORKER], new Date(Date.parse(AT) + 3000)).split(
    '\n',
  )
  expect(row.split(/ {2,}/)).toEqual(
    ['gpu-7', 'rack-1', 'active', '2 of 2', '2 × Tesla T4 15 GB', '62.4 GB', 'zone=a rack=1', '3 s ago'], //
  )
  expect(first.split(/ {2,}/)).toEqual(
    ['j1', 'gpu-7', 'kd', 'red', '2', '45 %, wanted back: worker gpu-7 is drained'], //
  )
  expect(second.split(/ {2,}/)).toEqual(['and 1 of other teams', 'gpu-7'])
})

test.each([
  [{ state: 'gone' }, 'gone'],
  [{ state: 'gone', mode: 'cordoned' }, 'gone (cordoned)'],
  [{ state: 'draining' }, 'shutting down'],
  [{ mode: 'draining' }, 'draining'],
] as const)('a worker with %j is shown as %s', (change, text) => {
  expect(workerTable([{ ...WORKER, ...change }])).toContain(`  ${text}  `)
})

test.each([
  [{ mode: 'active' }, 'gpu-7 takes jobs again'],
  [{ mode: 'cordoned', busy: 1 }, 'gpu-7 takes no new jobs; 1 job on it run to the end'],
  [{ mode: 'draining', busy: 0 }, 'gpu-7 takes no new jobs'],
  [{ mode: 'draining' }, 'gpu-7 takes no new jobs and hands back 2 jobs, which go on elsewhere'],
  [
    { mode: 'draining', handsBack: false },
    'gpu-7 takes no new jobs; its version cannot hand back jobs, so the 2 jobs on it run to the end',
  ],
  [
    { mode: 'cordoned', busy: 0, state: 'gone' },
    'gpu-7 takes no new jobs; it is gone, and so it holds for its next start',
  ],
] as const)('a change to %j is told as: %s', (change, line) => {
  expect(changeLine({ ...WORKER, ...change })).toBe(line)
})
