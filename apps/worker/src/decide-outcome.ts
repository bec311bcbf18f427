// How an attempt ended: from what the trainer said last, how its process ended, and what it was asked to do.
import { type FailureCode, failureFromProcessEnd, type Outcome, type TrainerToWorker } from '@stillhouse/spec'
import type { StopReason } from './attempt-control.ts'
import { storableText } from './storable-text.ts'
import { describeEnd, type TrainerEnd } from './trainer-process.ts'

/** A message after which a trainer says nothing more. */
export type LastMessage = Extract<TrainerToWorker, { type: 'done' | 'stopped' | 'failed' }>

export interface Ending {
  /** Null when the process ended without a last message. */
  readonly said: LastMessage | null
  readonly end: TrainerEnd
  readonly stopReason: StopReason | null
  /** Why it was asked to stop, in words. */
  readonly stopWords: string
  /** What the watchdog found, in words. */
  readonly bite: string | null
}

const MAX_MESSAGE = 4000
const MAX_REASON = 400
const MEMORY_WORDS = /std::bad_alloc|heap out of memory|OOM when allocating|Cannot allocate memory/

/** A finished job is finished, and a cancelled one cancelled, whatever else happened. */
export function decideOutcome({ said, end, stopReason, stopWords, bite }: Ending): Outcome {
  if (said?.type === 'done') return { outcome: 'succeeded', metrics: said.metrics, metricSeq: said.metricSeq }
  if (stopReason === 'cancel') return { outcome: 'cancelled' }
  if (said?.type === 'failed') return failed(said.code, said.message)
  if (end.killedBy) return crashed(end, bite)
  if (stopReason) return stopped(stopReason, stopWords)
  if (said?.type === 'stopped') return { outcome: 'handed-back', reason: 'the trainer was stopped from outside' }
  return crashed(end, bite)
}

/**
 * Outcome of an attempt that was stopped in good order.
 * @param words why it was stopped
 */
export function stopped(reason: StopReason, words: string): Outcome {
  if (reason === 'cancel') return { outcome: 'cancelled' }
  if (reason === 'timeout') return failed('job.timeout', words)
  return { outcome: 'handed-back', reason: storableText(words, MAX_REASON) }
}

function crashed(end: TrainerEnd, bite: string | null): Outcome {
  const code =
    end.killedBy === undefined && MEMORY_WORDS.test(end.lastWords)
      ? 'resource.out_of_memory'
      : failureFromProcessEnd(end)
  const what = bite ? `The trainer was killed. ${bite}` : `The trainer ended without a word: ${describeEnd(end)}.`
  return failed(code, end.lastWords ? `${what}\nIt printed last:\n${end.lastWords}` : what)
}

export function failed(code: FailureCode, message: string): Outcome {
  return { outcome: 'failed', code, message: storableText(message, MAX_MESSAGE) }
}
