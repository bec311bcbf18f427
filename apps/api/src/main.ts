// The API's process: settings, the service and its background work, the HTTP server, and an orderly end.
import { dataFormats } from '@stillhouse/data'
import { catalogOf, checkJob, type Shelves } from '@stillhouse/engine'
import { checkLayersModel, exporters } from '@stillhouse/export'
import { createJobService, type JobService } from '@stillhouse/jobs'
import { createLogger, EnvError, type Logger, onShutdown, startTelemetry } from '@stillhouse/kit'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { signatureOf } from './signature-of.ts'

const MIB = 2 ** 20
/** Requests under way get this long; event streams are ended at once. */
const GRACE_MS = 10_000

const shelves: Shelves = { methods, models, data: dataFormats, exports: exporters }

try {
  await serve(readEnvironment())
} catch (error) {
  if (!(error instanceof EnvError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

async function serve(env: Environment): Promise<void> {
  const logger = createLogger('api')
  const telemetry = await startTelemetry({ service: 'stillhouse-api', logger })
  const service = await openService(env, logger)
  const app = buildApp(env, service, logger)
  // workers may know their token before anything is dispatched to them
  await ensureKeys(env, service)
  await service.start()
  const url = await app.listen({ host: env.HOST, port: env.PORT })
  logger.info({ url }, 'listening')
  onShutdown([() => app.close(), () => service.close(), telemetry.close], { logger, graceMs: GRACE_MS })
}

function openService(env: Environment, logger: Logger): Promise<JobService> {
  return createJobService({
    databaseUrl: env.DATABASE_URL,
    queueUrl: env.QUEUE_URL,
    artifactUrl: env.ARTIFACT_URL,
    leaseSeconds: env.LEASE_SECONDS,
    maxWaitSeconds: env.MAX_WAIT_HOURS * 3600,
    heartbeatSeconds: env.HEARTBEAT_SECONDS,
    retryBaseSeconds: env.RETRY_BASE_SECONDS,
    poisonLosses: env.POISON_LOSSES,
    suspectFailures: env.SUSPECT_FAILURES,
    reconcileHours: env.RECONCILE_HOURS,
    outboundAllow: env.OUTBOUND_ALLOW?.split(/, ?/) ?? [],
    logger,
  })
}

function buildApp(env: Environment, service: JobService, logger: Logger): FastifyInstance {
  return createApp({
    service,
    logger,
    catalog: catalogOf(shelves),
    checkJob: (spec, kept) => checkJob(spec, shelves, kept),
    signatureOf: (spec) => signatureOf(spec, shelves),
    checkModel: checkLayersModel,
    config: {
      metricsPublic: env.METRICS_PUBLIC,
      modelLimit: env.MODEL_LIMIT_MIB * MIB,
      datasetLimit: env.DATASET_LIMIT_MIB * MIB,
      datasetFiles: env.DATASET_FILES,
      blobLimit: env.BLOB_LIMIT_MIB * MIB,
      requestsPerMinute: env.REQUESTS_PER_MINUTE,
      workerRequestsPerMinute: env.WORKER_REQUESTS_PER_MINUTE,
      publicRequestsPerMinute: env.PUBLIC_REQUESTS_PER_MINUTE,
      invalidKeysPerMinute: env.INVALID_KEYS_PER_MINUTE,
      uploadsAtATime: env.UPLOADS_AT_A_TIME,
      streamsAtATime: env.STREAMS_AT_A_TIME,
      trustProxy: env.TRUST_PROXY ?? null,
    },
  })
}

async function ensureKeys(env: Environment, service: JobService): Promise<void> {
  const keys = [
    { name: 'bootstrap', secret: env.BOOTSTRAP_API_KEY, scopes: ['admin'] },
    { name: 'worker', secret: env.WORKER_TOKEN, scopes: ['worker'] },
  ] as const
  for (const { name, secret, scopes } of keys)
    if (secret !== undefined) await service.ensureKey({ name, secret, scopes })
}
