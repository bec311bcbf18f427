// Database calls outlive a restart of the database: they are repeated for a while before the caller hears of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '@stillhouse/kit'
import { isTransient } from './is-transient.ts'

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

/** Wraps an error that must not be repeated although its cause is transient: the outcome of a commit is unknown. */
export class UnsureOutcome extends Error {
  constructor(cause: unknown) {
    super('the connection was lost while the transaction was being committed', { cause })
    this.name = 'UnsureOutcome'
  }
}

/**
 * Repeats `work` while it fails for a transient reason, at most for `forMs` milliseconds.
 * @throws ApiError service.unavailable when the database does not come back in time
 */
export async function retryTransient<T>(work: () => Promise<T>, forMs: number): Promise<T> {
  const deadline = Date.now() + forMs
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof UnsureOutcome) throw unavailable('It is unknown whether the change was made', error)
      if (!isTransient(error)) throw error
      if (Date.now() + pause > deadline) throw unavailable(`It did not answer for ${forMs / 1000} s`, error)
      await sleep(pause * (0.5 + Math.random()))
    }
  }
}

function unavailable(what: string, cause: unknown): ApiError {
  return new ApiError('service.unavailable', `The database connection failed. ${what}. Look again, then try again.`, {
    cause,
  })
}
