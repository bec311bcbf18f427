// BullMQ does not say when a worker last got an answer, and a worker that has silently stopped still calls itself
// running. So the few calls that are real round trips are watched where BullMQ makes them, at its backend.
import { setTimeout as sleep } from 'node:timers/promises'
import type { IQueueBackend } from 'bullmq'
import type { Heard } from './queue-backend.ts'

/** A worker whose request for work fails asks again at once; without this it would ask thousands of times a second. */
const FAILED_FETCH_PAUSE_MS = 500

export interface ObserveOptions {
  readonly heard: Heard
  /** Longest wait for work in one call; BullMQ would wait up to an hour on PostgreSQL. */
  readonly waitMs: number
}

/** Returns `backend` itself, with its round trips reported to `heard`. */
export function observeBackend<B extends IQueueBackend>(backend: B, { heard, waitMs }: ObserveOptions): B {
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: waitMs / 1000 })
  const fetch = backend.moveToActive.bind(backend)
  backend.moveToActive = async (...args) => {
    try {
      const answer = await fetch(...args)
      heard('fetch')
      return answer
    } catch (error) {
      await sleep(FAILED_FETCH_PAUSE_MS)
      throw error
    }
  }
  const finish = backend.moveToCompleted.bind(backend)
  backend.moveToCompleted = async (...args) => heardAfter(heard, 'fetch', await finish(...args))
  const renew = backend.extendLocks.bind(backend)
  backend.extendLocks = async (...args) => heardAfter(heard, 'other', await renew(...args))
  const recover = backend.moveStalledJobsToWait.bind(backend)
  backend.moveStalledJobsToWait = async (...args) => heardAfter(heard, 'other', await recover(...args))
  return backend
}

function heardAfter<T>(heard: Heard, what: 'fetch' | 'other', answer: T): T {
  heard(what)
  return answer
}
