// What the leading replica does all the time: hand out jobs, carry the outbox to the queue, tell webhooks, mend what broke. Each in a loop
// of its own, so that a queue that is down, or a large store, delays neither the hand-out nor the mending.
import { type LeaderElection, type Listener, startLeaderElection } from '@stillhouse/db'
import type { BackgroundRecord } from './background-record.ts'
import { createLoop } from './create-loop.ts'
import { createReconciler } from './create-reconciler.ts'
import { dispatch } from './dispatch.ts'
import type { JobContext } from './job-context.ts'
import { relayOutbox } from './relay-outbox.ts'
import { createPatientSweep } from './sweep.ts'
import { deliverWebhooks } from './webhooks/deliver-webhooks.ts'

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
    const loop = (name: string, step: () => Promise<void>, restMs = 0) =>
      createLoop({ name, everyMs: TICK_MS, restMs, logger, step })
    const relay = loop(
      'relay',
      async () => {
        const relayed = await record.round('relay', () => relayOutbox(context))
        record.relayed(relayed)
        if (relayed > 0) relay.wake()
      },
      REST_MS,
    )
    const dispatcher = loop(
      'dispatch',
      async () => {
        const handedOut = await record.round('dispatch', () => dispatch(context))
        record.handedOut(handedOut)
        if (handedOut === 0) return
        relay.wake()
        dispatcher.wake()
      },
      REST_MS,
    )
    const teller = loop(
      'webhooks',
      async () => {
        if ((await record.round('webhooks', () => deliverWebhooks(context))) > 0) teller.wake()
      },
      REST_MS,
    )
    const patientSweep = createPatientSweep(context, Date.now, record)
    const sweeper = loop('sweep', () => record.round('sweep', patientSweep))
    const reconciler = loop('reconcile', createReconciler(context))
    const stopListening = listener.on('work', () => {
      dispatcher.wake()
      relay.wake()
      teller.wake()
    })
    try {
      await Promise.all([dispatcher, relay, teller, sweeper, reconciler].map((loop) => loop.run(signal)))
    } finally {
      stopListening()
    }
  }
  return startLeaderElection({ url: databaseUrl, logger, work })
}
