// What the leading replica does all the time: hand out jobs, carry the outbox to the queue, mend what broke. Each in a loop
// of its own, so that a queue that is down, or a large store, delays neither the hand-out nor the mending.
import { type LeaderElection, type Listener, startLeaderElection } from '@stillhouse/db'
import type { BackgroundRecord } from './background-record.ts'
import { createLoop } from './create-loop.ts'
import { createReconciler } from './create-reconciler.ts'
import { dispatch } from './dispatch.ts'
import type { JobContext } from './job-context.ts'
import { relayOutbox } from './relay-outbox.ts'
import { createPatientSweep } from './sweep.ts'

const TICK_MS = 1000
/** Jobs that come by the thousand are looked at so many at a time, not one by one. */
const REST_MS = 25

export interface BackgroundOptions {
  readonly context: JobContext
  readonly databaseUrl: string
  readonly listener: Listener
  readonly record: BackgroundRecord
}

/** Stands for leadership until closed, and works while it leads. */
export function startBackgroundWork({ context, databaseUrl, listener, record }: BackgroundOptions): LeaderElection {
  const { logger } = context
  const work = async (signal: AbortSignal): Promise<void> => {
    const relay = createLoop({
      name: 'relay',
      everyMs: TICK_MS,
      restMs: REST_MS,
      logger,
      step: async () => {
        const relayed = await record.round('relay', () => relayOutbox(context))
        record.relayed(relayed)
        if (relayed > 0) relay.wake()
      },
    })
    const dispatcher = createLoop({
      name: 'dispatch',
      everyMs: TICK_MS,
      restMs: REST_MS,
      logger,
      step: async () => {
        const handedOut = await record.round('dispatch', () => dispatch(context))
        record.handedOut(handedOut)
        if (handedOut === 0) return
        relay.wake()
        dispatcher.wake()
      },
    })
    const patientSweep = createPatientSweep(context, Date.now, record)
    const sweeper = createLoop({
      name: 'sweep',
      everyMs: TICK_MS,
      logger,
      step: () => record.round('sweep', patientSweep),
    })
    const reconciler = createLoop({ name: 'reconcile', everyMs: TICK_MS, logger, step: createReconciler(context) })
    const stopListening = listener.on('work', () => {
      dispatcher.wake()
      relay.wake()
    })
    try {
      await Promise.all([dispatcher, relay, sweeper, reconciler].map((loop) => loop.run(signal)))
    } finally {
      stopListening()
    }
  }
  return startLeaderElection({ url: databaseUrl, logger, work })
}
