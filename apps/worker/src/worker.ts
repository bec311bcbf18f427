// A worker, put together: trainers that prove that TensorFlow loads, a place in the API's list, heartbeats, and a
// consumer of the queue. It trains nothing itself, so its event loop stays free to renew leases.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@stillhouse/kit'
import type { ConsumerOptions, QueueConsumer } from '@stillhouse/queue'
import type { AttemptControl } from './attempt-control.ts'
import type { DataStore } from './data/bring-data.ts'
import { createDataCache } from './data/data-cache.ts'
import { openObjects } from './data/open-objects.ts'
import { handleMessage, type Workplace } from './handle-message.ts'
import { type HealthFile, keepHealthFile } from './health-file.ts'
import { type HeartbeatLoop, startHeartbeats } from './heartbeat-loop.ts'
import { introduce } from './introduce.ts'
import { createWorkerMetrics } from './metrics.ts'
import { measuredApi, measuredPool } from './metrics-parts.ts'
import { serveMetrics } from './metrics-server.ts'
import { createReadiness } from './readiness.ts'
import { watchScratchRoom } from './scratch-room.ts'
import type { Settings } from './settings.ts'
import { createSlotHealth } from './slot-health.ts'
import { findGpus, planSlots } from './slots.ts'
import { createTrainerPool } from './trainer-pool.ts'
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
  const { settings, createConsumer, logger } = parts
  const useless = new AbortController()
  const draining = AbortSignal.any([parts.draining, useless.signal])
  const healthFile = keepHealthFile(settings.healthFile, logger)
  const metrics = createWorkerMetrics()
  const api = measuredApi(parts.api, metrics)
  const door = settings.metrics ? await serveMetrics(metrics.registry, settings.metrics) : null
  if (door) logger.info({ url: door.url }, 'metrics are shown')
  const records = createTrainerRecords(settings.scratchDir, logger)
  const stopWatching = watchEventLoop(logger, metrics.eventLoopLag)
  const pool = measuredPool(createTrainerPool({ settings, records, logger }), metrics)
  try {
    await records.cleanUp()
    const slots = planSlots({ cores: settings.cores, gpus: findGpus() }, settings.slots)
    const { seats, registration } = await introduce({ settings, api, pool, logger, draining }, slots)
    const attempts = new Set<AttemptControl>()
    metrics.observeSlots(seats.length, () => attempts.size)
    const free = [...seats]
    const readiness = createReadiness({ hasRoom: watchScratchRoom(settings, logger), free, logger })
    const heartbeats = startHeartbeats({ api, registration, attempts, readiness, draining, logger })
    const data = storeOf(parts)
    const workplace: Workplace = {
      ...{ api, pool, records, data, settings, metrics, logger, registration, attempts, readiness, draining },
      health: createSlotHealth(),
      seats: new Set(seats),
      free,
      onUseless: (why) => useless.abort(new Error(why)),
    }
    await serve(workplace, { heartbeats, createConsumer, healthFile })
    if (!parts.draining.aborted) useless.signal.throwIfAborted()
  } finally {
    healthFile.close()
    stopWatching()
    await door?.close()
    await pool.close()
  }
}

function storeOf({ settings, logger, ...parts }: WorkerParts): DataStore {
  const { dataCacheDir: dir, dataCacheBytes: maxBytes, dataProgressMs: progressMs } = settings
  const cache = createDataCache({ dir, maxBytes, progressMs, logger })
  return { cache, openObjects: parts.openObjects ?? openObjects }
}

interface Service extends Pick<WorkerParts, 'createConsumer'> {
  readonly heartbeats: HeartbeatLoop
  readonly healthFile: HealthFile
}

async function serve(workplace: Workplace, { heartbeats, createConsumer, healthFile }: Service): Promise<void> {
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
  healthFile.say('taking-jobs')
  await whenAborted(draining)
  healthFile.say('draining')
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

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
