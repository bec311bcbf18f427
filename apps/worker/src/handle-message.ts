// What a worker does with one message of the queue: a slot, a claim, an attempt, and the slot back.
import type { Logger } from '@stillhouse/kit'
import type { QueueMessage } from '@stillhouse/spec'
import { type AttemptControl, createAttemptControl } from './attempt-control.ts'
import { claimAttempt } from './claim-attempt.ts'
import type { Readiness } from './readiness.ts'
import type { Registration } from './registration.ts'
import { type AttemptContext, runAttempt } from './run-attempt.ts'
import { describeSlot, gpusOf, type Seat } from './slots.ts'
import { startAttemptTrace } from './telemetry-attempt.ts'

export interface Workplace
  extends Pick<AttemptContext, 'api' | 'pool' | 'records' | 'data' | 'settings' | 'metrics' | 'logger' | 'health'> {
  readonly registration: Registration
  readonly readiness: Readiness
  /** Slots that jobs may run in. */
  readonly seats: Set<Seat>
  /** Those without a job. */
  readonly free: Seat[]
  /** Attempts that run now; what heartbeats renew and orders reach. */
  readonly attempts: Set<AttemptControl>
  /** Aborted when the worker shuts down. */
  readonly draining: AbortSignal
  /** Called when no slot is left that works. */
  readonly onUseless: (why: string) => void
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
    if (workplace.health.isBroken(slot)) closeSlot(slot, workplace)
    else {
      free.push(slot)
      if (!draining.aborted) pool.warm(slot)
    }
  }
}

/** Takes the slot out of service until the worker's next start; the API learns that there is one fewer. */
function closeSlot(slot: Seat, { seats, draining, registration, logger, onUseless }: Workplace): void {
  seats.delete(slot)
  const gone = describeSlot(slot)
  logger.error({ slot: slot.index, left: seats.size }, `${gone} has failed too often; its slot is closed`)
  if (seats.size === 0) onUseless(`${gone} has failed too often, and no other slot is left`)
  if (draining.aborted) return
  const cpu = registration.worker().devices.filter(({ kind }) => kind === 'cpu')
  registration
    .change({ slots: seats.size, devices: [...gpusOf([...seats]), ...cpu] })
    .catch((error) => logger.warn({ err: error }, 'the API was not told of a closed slot'))
}

async function claimAndRun(message: QueueMessage, seat: Workplace & { slot: Seat }): Promise<void> {
  const { api, registration, attempts, draining, slot, settings } = seat
  const told: Logger = seat.logger.child(message)
  // unclaimed, it is soon given to another worker
  if (!(await seat.readiness.hasRoom())) return told.warn('no room for the job; it is left to another worker')
  const claimedAt = performance.now()
  const patienceMs = draining.aborted ? 0 : registration.current().leaseSeconds * 1000
  const claim = await claimAttempt(message, { api, registration, patienceMs, logger: told })
  if (!claim) return
  const worker = { id: registration.current().workerId, name: settings.name, slot: slot.index }
  const trace = startAttemptTrace({ claim, worker })
  const logger = trace.traceId === null ? told : told.child({ traceId: trace.traceId })
  const control = createAttemptControl(message, claimedAt + claim.leaseSeconds * 1000)
  // claimed too late to run it, but handing it back at once is quicker than letting the lease run out
  if (draining.aborted) control.stop('hand-back')
  attempts.add(control)
  try {
    logger.info({ slot: slot.index, device: describeSlot(slot) }, 'attempt started')
    await runAttempt({ ...seat, claim, control, trace, logger })
  } finally {
    attempts.delete(control)
  }
}
