// A worker, put together: trainers that prove that TensorFlow loads, a place in the API's list, heartbeats, and a
// consumer of the queue. It trains nothing itself, so its event loop stays free to renew leases.
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, STILLHOUSE_VERSION } from '@stillhouse/kit'
import type { ConsumerOptions, QueueConsumer } from '@stillhouse/queue'
import type { Device, TrainerVersions } from '@stillhouse/spec'
import type { AttemptControl } from './attempt-control.ts'
import type { DataStore } from './data/bring-data.ts'
import { createDataCache } from './data/data-cache.ts'
import { openObjects } from './data/open-objects.ts'
import { handleMessage, type Workplace } from './handle-message.ts'
import { type HeartbeatLoop, startHeartbeats } from './heartbeat-loop.ts'
import { createReadiness } from './readiness.ts'
import { type Registration, register } from './registration.ts'
import { watchScratchRoom } from './scratch-room.ts'
import type { Settings } from './settings.ts'
import { findGpus, planSlots, type Slot } from './slots.ts'
import { createTrainerPool, type TrainerPool } from './trainer-pool.ts'
import { createTrainerRecords } from './trainer-records.ts'
import { watchEventLoop } from './watch-event-loop.ts'
import type { WorkerApi } from './worker-api.ts'

/** How long a shutdown waits for the API to have heard of it. */
const ANNOUNCE_MS = 2000

export interface WorkerParts {
  readonly settings: Settings
  readonly api: WorkerApi
  readonly createConsumer: (options: ConsumerOptions) => Promise<QueueConsumer> | QueueConsumer
  /** Reads S3 for jobs that name it; default: with the credentials in the environment. */
  readonly openObjects?: DataStore['openObjects']
  readonly logger: Logger
  /** Abort it to shut down: jobs are handed back with a checkpoint. */
  readonly draining: AbortSignal
}

/** Works until `draining` is aborted. Rejects when the worker cannot start; then nothing is left behind. */
export async function runWorker(parts: WorkerParts): Promise<void> {
  const { settings, api, createConsumer, logger, draining } = parts
  const records = createTrainerRecords(settings.scratchDir, logger)
  await records.cleanUp()
  const stopWatching = watchEventLoop(logger)
  const pool = createTrainerPool({ settings, records, logger })
  try {
    const slots = planSlots({ cores: settings.cores, gpus: findGpus() }, settings.slots)
    const registration = await introduce({ settings, api, logger, draining }, slots, pool)
    const attempts = new Set<AttemptControl>()
    const free = [...slots]
    const readiness = createReadiness({ hasRoom: watchScratchRoom(settings, logger), free, logger })
    const heartbeats = startHeartbeats({ api, registration, attempts, readiness, draining, logger })
    const data = storeOf(parts)
    const seats = { free, attempts, readiness, draining }
    const workplace = { api, pool, records, data, settings, logger, registration, ...seats }
    await serve(workplace, heartbeats, createConsumer)
  } finally {
    stopWatching()
    await pool.close()
  }
}

function storeOf({ settings, logger, ...parts }: WorkerParts): DataStore {
  const { dataCacheDir: dir, dataCacheBytes: maxBytes, dataProgressMs: progressMs } = settings
  const cache = createDataCache({ dir, maxBytes, progressMs, logger })
  return { cache, openObjects: parts.openObjects ?? openObjects }
}

type Introduction = Pick<WorkerParts, 'settings' | 'api' | 'logger' | 'draining'>

async function introduce(
  { settings, api, logger, draining }: Introduction,
  slots: readonly Slot[],
  pool: TrainerPool,
): Promise<Registration> {
  const versions = await Promise.all(slots.map((slot) => pool.warm(slot).ready))
  const devices = listDevices(versions)
  logger.info({ slots: slots.length, devices, tensorflow: versions[0]?.tensorflow }, 'trainers are ready')
  const { name, labels } = settings
  const worker = { name, labels, host: hostname(), version: STILLHOUSE_VERSION, slots: slots.length, devices }
  return register({ api, worker, signal: draining, logger })
}

async function serve(
  workplace: Workplace,
  heartbeats: HeartbeatLoop,
  createConsumer: WorkerParts['createConsumer'],
): Promise<void> {
  const { attempts, draining, free, logger, readiness, registration } = workplace
  const running = new Set<Promise<void>>()
  const consumer = await createConsumer({
    workerId: registration.current().workerId,
    concurrency: free.length,
    handle: (message) => {
      const handled = handleMessage(message, workplace).finally(() => running.delete(handled))
      running.add(handled)
      return handled
    },
    onError: (error) => logger.warn({ err: error }, 'the queue has trouble'),
  })
  readiness.listenTo(consumer)
  logger.info('taking jobs')
  await whenAborted(draining)
  logger.info({ jobs: running.size }, 'draining: no new jobs, running ones are handed back')
  // a job that is handed back must not come back to this worker
  await Promise.race([heartbeats.beatNow(), sleep(ANNOUNCE_MS, undefined, { ref: false })])
  for (const control of attempts) control.stop('hand-back')
  await Promise.allSettled([consumer.pause(), ...running])
  await Promise.allSettled(running)
  await heartbeats.stop()
  await registration.remove().catch((error) => logger.warn({ err: error }, 'could not sign off'))
  await consumer.close()
}

/** Each slot's trainer has shown what it uses: every GPU once, the CPU once. */
function listDevices(versions: readonly TrainerVersions[]): Device[] {
  const all = versions.flatMap(({ devices }) => devices)
  const cpu = all.find(({ kind }) => kind === 'cpu')
  return [...all.filter(({ kind }) => kind === 'gpu'), ...(cpu ? [cpu] : [])]
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
