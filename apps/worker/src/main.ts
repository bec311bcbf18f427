// The worker's process: settings, API, queue, and an orderly end.
import { createLogger, EnvError, onShutdown, startTelemetry } from '@stillhouse/kit'
import { createQueueConsumer } from '@stillhouse/queue'
import { createClientWorkerApi } from './client-worker-api.ts'
import { readSettings, type Settings } from './settings.ts'
import { runWorker } from './worker.ts'

try {
  await work(readSettings())
} catch (error) {
  if (!(error instanceof EnvError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

async function work(settings: Settings): Promise<void> {
  const logger = createLogger('worker')
  const telemetry = await startTelemetry({ service: 'stillhouse-worker', logger })
  const shutdown = new AbortController()
  const { apiUrl: url, token, queueUrl, drainMs } = settings
  const ended = runWorker({
    settings,
    logger,
    api: createClientWorkerApi({ url, token }),
    createConsumer: (options) => createQueueConsumer(queueUrl, options),
    draining: shutdown.signal,
  })
  onShutdown([() => endQuietly(ended, shutdown), telemetry.close], { logger, graceMs: drainMs })
  await ended.catch((error) => {
    if (shutdown.signal.aborted) return
    logger.fatal({ reason: error instanceof Error ? error.message : String(error) }, 'the worker cannot work')
    process.exit(1)
  })
}

/** A worker that was still waiting for the API rejects with the shutdown itself; that is no failure. */
async function endQuietly(ended: Promise<void>, shutdown: AbortController): Promise<void> {
  shutdown.abort()
  await ended.catch((error) => {
    if (error !== shutdown.signal.reason) throw error
  })
}
