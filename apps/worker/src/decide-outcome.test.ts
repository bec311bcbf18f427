import { IPC_VERSION, type ProcessEnd } from '@stillhouse/spec'
import { expect, it } from 'vitest'
import type { StopReason } from './attempt-control.ts'
import { decideOutcome, type LastMessage } from './decide-outcome.ts'

const version = IPC_VERSION
const done: LastMessage = { type: 'done', version, metrics: {}, metricSeq: 4 }
const stopped: LastMessage = { type: 'stopped', version }
const diverged: LastMessage = { type: 'failed', version, code: 'training.diverged', message: 'NaN' }
const clean: ProcessEnd = { code: 0, signal: null }
const killed: ProcessEnd = { code: null, signal: 'SIGKILL' }

it.each<[string, LastMessage | null, ProcessEnd, StopReason | null, object]>([
  ['done is succeeded', done, clean, null, { outcome: 'succeeded', metricSeq: 4 }],
  ['done beats a crash after it', done, killed, null, { outcome: 'succeeded' }],
  ['done beats a cancel that came too late', done, clean, 'cancel', { outcome: 'succeeded' }],
  ['a cancelled job is cancelled when it stopped', stopped, clean, 'cancel', { outcome: 'cancelled' }],
  ['a cancelled job is cancelled when it had to be killed', null, killed, 'cancel', { outcome: 'cancelled' }],
  ['a cancelled job is cancelled even if it failed on the way', diverged, clean, 'cancel', { outcome: 'cancelled' }],
  ['a drained job is handed back', stopped, clean, 'hand-back', { outcome: 'handed-back', reason: 'a reason' }],
  ['a drained job that was killed is handed back', null, killed, 'hand-back', { outcome: 'handed-back' }],
  ['a drained job that failed is failed', diverged, clean, 'hand-back', { code: 'training.diverged' }],
  ['a timed out job is failed', stopped, clean, 'timeout', { code: 'job.timeout' }],
  ['a trainer stopped from outside is handed back', stopped, clean, null, { outcome: 'handed-back' }],
  [
    'a failure keeps its code',
    diverged,
    { code: 1, signal: null },
    null,
    { code: 'training.diverged', message: 'NaN' },
  ],
  ['silence and a signal is a crash', null, killed, null, { code: 'trainer.crashed' }],
  [
    'a killed stuck trainer is stuck, even if it answered SIGTERM',
    stopped,
    { ...killed, killedBy: 'watchdog' },
    null,
    { code: 'training.stuck' },
  ],
  [
    'the memory limit is out of memory',
    null,
    { ...killed, killedBy: 'memory' },
    null,
    { code: 'resource.out_of_memory' },
  ],
])('%s', (_, said, end, stopReason, expected) => {
  const ending = { said, end: { ...end, lastWords: '' }, stopReason, stopWords: 'a reason', bite: null }
  expect(decideOutcome(ending)).toMatchObject(expected)
})

it('recognises a heap that ran full by what V8 prints', () => {
  const end = {
    code: null,
    signal: 'SIGABRT',
    lastWords: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  }
  expect(decideOutcome({ said: null, end, stopReason: null, stopWords: '', bite: null })).toMatchObject({
    code: 'resource.out_of_memory',
  })
})

it('cuts a message to what the API takes', () => {
  const end = { code: 1, signal: null, lastWords: 'x'.repeat(9000) }
  const outcome = decideOutcome({ said: null, end, stopReason: null, stopWords: '', bite: null })
  expect('message' in outcome && outcome.message.length).toBe(4000)
})
