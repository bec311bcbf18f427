// Makes the worker known to the API and keeps it known: at start it waits for the API as long as it takes, and when the
// API has forgotten the worker it introduces itself again.
import type { Logger } from '@stillhouse/kit'
import type { RegisteredWorker, RegisterWorker } from '@stillhouse/spec'
import { describeError } from './api-failure.ts'
import { retry } from './retry.ts'
import type { WorkerApi } from './worker-api.ts'

export interface Registration {
  current(): RegisteredWorker
  /** Registers anew, once: the next heartbeat tries again. */
  renew(): Promise<void>
  remove(): Promise<void>
}

export interface RegistrationOptions {
  readonly api: Pick<WorkerApi, 'register' | 'deregister'>
  readonly worker: RegisterWorker
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** Resolves when the API has accepted the worker; rejects only when `signal` is aborted. */
export async function register({ api, worker, signal, logger }: RegistrationOptions): Promise<Registration> {
  let known = await retry(() => api.register(worker), {
    signal,
    // a wrong token or an old API is a matter of deployment: it is put right while we wait
    mayPass: () => true,
    maxMs: 10_000,
    onRetry: (error, pauseMs) =>
      logger.warn({ reason: describeError(error), pauseMs: Math.round(pauseMs) }, 'could not register; trying again'),
  })
  logger.info({ workerId: known.workerId }, 'registered')
  return {
    current: () => known,
    renew: async () => {
      logger.warn('the API does not know this worker any more; registering again')
      known = await api.register({ ...worker, id: known.workerId })
    },
    remove: () => api.deregister(known.workerId),
  }
}
