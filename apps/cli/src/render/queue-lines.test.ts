import type { QueueView } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { queueLines } from './queue-lines.ts'

const QUEUE: QueueView = {
  ...{ workers: 3, leaving: 1, slots: 6, busy: 6, inLine: 1200 },
  teams: [
    {
      ...{ team: 'red', weight: 2, share: 0.667, used: 0.5, running: 4, gpus: 2 },
      ...{ inLine: 1200, heldBack: 3, backOff: 1, blocked: 7 },
    },
  ],
  jobs: [
    {
      ...{ id: '01a203d4-465e-74c4-9c5a-87c3f25149fe', name: 'tiny', team: 'red', priority: 50 },
      queuedAt: '2026-01-02T03:04:05.000Z',
      place: { position: 1, kind: 'busy', reason: 'all 6 slots are busy', expectedStart: '2026-01-02T03:09:05.000Z' },
    },
  ],
}

test('the queue is shown with shares, places, and when each job will start', () => {
  const [head, , , , team = '', , , , job = ''] = queueLines(QUEUE, Date.parse('2026-01-02T03:05:05.000Z')).split('\n')
  expect(head).toBe('6 of 6 slots busy on 3 workers, 1 more draining or cordoned; 1,200 in line')
  expect(team.split(/ {2,}/)).toEqual(['red', '2', '66.70 %', '50.00 %', '4', '2', '1,200', '3', '1', '7'])
  expect(job.split(/ {2,}/)).toEqual([
    ...['1', '01a203d4-465e-74c4-9c5a-87c3f25149fe', 'red', 'tiny', '50', '1 min 00 s', '4 min 00 s'],
    'all 6 slots are busy',
  ])
})

test('an empty queue is one line', () => {
  const empty = { ...QUEUE, teams: [], jobs: [], leaving: 0, busy: 0, inLine: 0 }
  expect(queueLines(empty)).toBe('0 of 6 slots busy on 3 workers; 0 in line')
})
