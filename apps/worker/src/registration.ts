// Makes the worker known to the API and keeps it known: at start it waits for the API as long as it takes, and when the
// API has forgotten the worker it introduces itself again.
import type { Logger } from '@stillhouse/kit'
import type { RegisteredWorker, RegisterWorker } from '@stillhouse/spec'
import { describeError } from './api-failure.ts'
import { retry } from './retry.ts'
import type { WorkerApi } from './worker-api.ts'

export interface Registration {
  current(): RegisteredWorker
  /** As the API was told last. */
  worker(): RegisterWorker
  /** Registers anew, once: the next heartbeat tries again. */
  renew(): Promise<void>
  /** Tells the API what has become of the worker; resolves when it knows. */
  change(change: Pick<RegisterWorker, 'slots' | 'devices'>): Promise<void>
  remove(): Promise<void>
}

export interface RegistrationOptions {
  readonly api: Pick<WorkerApi, 'register' | 'deregister'>
  readonly worker: RegisterWorker
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** Resolves when the API has accepted the worker; rejects only when `signal` is aborted. */
export async function register(options: RegistrationOptions): Promise<Registration> {
  const { api, signal, logger } = options
  let { worker } = options
  const patience = {
    signal,
    // a wrong token or an old API is a matter of deployment: it is put right while we wait
    mayPass: () => true,
    maxMs: 10_000,
    onRetry: (error: unknown, pauseMs: number) =>
      logger.warn({ reason: describeError(error), pauseMs: Math.round(pauseMs) }, 'could not register; trying again'),
  }
  let known = await retry(() => api.register(worker), patience)
  logger.info({ workerId: known.workerId }, 'registered')
  return {
    current: () => known,
    worker: () => worker,
    renew: async () => {
      logger.warn('the API does not know this worker any more; registering again')
      known = await api.register({ ...worker, id: known.workerId })
    },
    change: async (change) => {
      worker = { ...worker, ...change }
      known = await retry(() => api.register({ ...worker, id: known.workerId }), patience)
    },
    remove: () => api.deregister(known.workerId),
  }
}
