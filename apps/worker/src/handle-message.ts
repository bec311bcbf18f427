// What a worker does with one message of the queue: a slot, a claim, an attempt, and the slot back.
import type { Logger } from '@stillhouse/kit'
import type { QueueMessage } from '@stillhouse/spec'
import { type AttemptControl, createAttemptControl } from './attempt-control.ts'
import { claimAttempt } from './claim-attempt.ts'
import type { Readiness } from './readiness.ts'
import type { Registration } from './registration.ts'
import { type AttemptContext, runAttempt } from './run-attempt.ts'
import type { Slot } from './slots.ts'

export interface Workplace extends Pick<AttemptContext, 'api' | 'pool' | 'records' | 'data' | 'settings' | 'logger'> {
  readonly registration: Registration
  readonly readiness: Readiness
  /** Slots without a job. */
  readonly free: Slot[]
  /** Attempts that run now; what heartbeats renew and orders reach. */
  readonly attempts: Set<AttemptControl>
  /** Aborted when the worker shuts down. */
  readonly draining: AbortSignal
}

/** Resolves when the message needs no more attention. */
export async function handleMessage(message: QueueMessage, workplace: Workplace): Promise<void> {
  const { free, pool, draining } = workplace
  const slot = free.shift()
  if (!slot)
    throw new Error('A message came while every slot was busy: the queue takes more jobs than there are slots.')
  try {
    await claimAndRun(message, { ...workplace, slot })
  } finally {
    free.push(slot)
    if (!draining.aborted) pool.warm(slot)
  }
}

async function claimAndRun(message: QueueMessage, seat: Workplace & { slot: Slot }): Promise<void> {
  const { api, registration, attempts, draining } = seat
  const logger: Logger = seat.logger.child(message)
  // unclaimed, it is soon given to another worker
  if (!(await seat.readiness.hasRoom())) return logger.warn('no room for the job; it is left to another worker')
  const claimedAt = performance.now()
  const patienceMs = draining.aborted ? 0 : registration.current().leaseSeconds * 1000
  const claim = await claimAttempt(message, { api, registration, patienceMs, logger })
  if (!claim) return
  const control = createAttemptControl(message, claimedAt + claim.leaseSeconds * 1000)
  // claimed too late to run it, but handing it back at once is quicker than letting the lease run out
  if (draining.aborted) control.stop('hand-back')
  attempts.add(control)
  try {
    logger.info({ slot: seat.slot.index }, 'attempt started')
    await runAttempt({ ...seat, claim, control, logger })
  } finally {
    attempts.delete(control)
  }
}
