// Wires the use cases to a database, a queue and an artifact store: everything the service can do, in one object.
import { type ArtifactStore, createArtifactStore } from '@stillhouse/artifacts'
import {
  createDatabase,
  createListener,
  type Database,
  type LeaderElection,
  type Listener,
  migrate,
} from '@stillhouse/db'
import type { Logger } from '@stillhouse/kit'
import { createQueueProducer, type QueueProducer } from '@stillhouse/queue'
import { type BackgroundRecord, createBackgroundRecord } from './background-record.ts'
import { startBackgroundWork } from './background-work.ts'
import { getBlob, hasBlob, putBlob } from './blobs.ts'
import { callerService } from './caller-service.ts'
import { claim } from './claim.ts'
import { addBlob } from './datasets.ts'
import { finish } from './finish.ts'
import { heartbeat } from './heartbeat.ts'
import type { JobContext, JobSettings } from './job-context.ts'
import type { JobService } from './job-service.ts'
import { authenticate, ensureKey } from './keys.ts'
import { getTeacher, saveTeacher } from './models.ts'
import { ready } from './ready.ts'
import { report } from './report.ts'
import { createRunningTotals } from './running-totals.ts'
import { saveArtifacts } from './save-artifacts.ts'
import { saveCheckpoint } from './save-checkpoint.ts'
import { createStats } from './stats.ts'
import { createJobWatch } from './watch-jobs.ts'
import { assertNetworks } from './webhooks/outside.ts'
import { registerWorker, removeWorker } from './workers.ts'

export interface JobServiceOptions extends Partial<JobSettings> {
  readonly databaseUrl: string
  /** redis://… or postgresql://… */
  readonly queueUrl: string
  /** file:///folder or s3://bucket/prefix */
  readonly artifactUrl: string
  readonly logger: Logger
  /** Where an artifact store finds its credentials; default process.env. */
  readonly env?: NodeJS.ProcessEnv
  /** Bring the database to the newest schema first; default true. */
  readonly migrate?: boolean
  /** Most database connections at a time; default 10. */
  readonly connections?: number
}

/** What a service does that is told nothing else. */
export const DEFAULT_SETTINGS: JobSettings = {
  leaseSeconds: 20,
  heartbeatSeconds: 2,
  claimSeconds: 5,
  staleBlobSeconds: 3600,
  maxWaitSeconds: 24 * 3600,
  overviewMs: 500,
  retryBaseSeconds: 2,
  poisonLosses: 3,
  suspectFailures: 5,
  reconcileHours: 6,
  orphanSeconds: 24 * 3600,
  outboundAllow: [],
}

/**
 * Connects to everything. A queue that is down now is no error: the outbox waits for it.
 * @throws EnvError when a URL or network does not fit; the database's error when it cannot be reached or migrated
 */
export async function createJobService(options: JobServiceOptions): Promise<JobService> {
  const { databaseUrl, queueUrl, artifactUrl, logger, env = process.env, connections = 10 } = options
  const settings = settingsOf(options)
  assertNetworks(settings.outboundAllow)
  const artifacts = createArtifactStore(artifactUrl, env)
  if (options.migrate ?? true) await migrate(databaseUrl)
  const queue = await createQueueProducer(queueUrl, { logger })
  const db = createDatabase({ url: databaseUrl, connections })
  return assembleJobService({ db, queue, artifacts, settings, logger }, databaseUrl)
}

function settingsOf(options: Partial<JobSettings>): JobSettings {
  return {
    leaseSeconds: options.leaseSeconds ?? DEFAULT_SETTINGS.leaseSeconds,
    heartbeatSeconds: options.heartbeatSeconds ?? DEFAULT_SETTINGS.heartbeatSeconds,
    claimSeconds: options.claimSeconds ?? DEFAULT_SETTINGS.claimSeconds,
    staleBlobSeconds: options.staleBlobSeconds ?? DEFAULT_SETTINGS.staleBlobSeconds,
    maxWaitSeconds: options.maxWaitSeconds ?? DEFAULT_SETTINGS.maxWaitSeconds,
    overviewMs: options.overviewMs ?? DEFAULT_SETTINGS.overviewMs,
    retryBaseSeconds: options.retryBaseSeconds ?? DEFAULT_SETTINGS.retryBaseSeconds,
    poisonLosses: options.poisonLosses ?? DEFAULT_SETTINGS.poisonLosses,
    suspectFailures: options.suspectFailures ?? DEFAULT_SETTINGS.suspectFailures,
    reconcileHours: options.reconcileHours ?? DEFAULT_SETTINGS.reconcileHours,
    orphanSeconds: options.orphanSeconds ?? DEFAULT_SETTINGS.orphanSeconds,
    outboundAllow: options.outboundAllow ?? DEFAULT_SETTINGS.outboundAllow,
  }
}

/** The service over parts that exist already; it closes them at its end. */
export function assembleJobService(context: JobContext, databaseUrl: string): JobService {
  const { db, queue, artifacts, logger } = context
  const listener = createListener({ url: databaseUrl, logger })
  const record = createBackgroundRecord()
  const startWork = (): LeaderElection => startBackgroundWork({ context, databaseUrl, listener, record })
  return {
    ...useCases(context),
    watchJob: createJobWatch(listener),
    ...lifecycle({ db, queue, artifacts, listener }, { startWork, record }),
  }
}

function useCases(context: JobContext): Omit<JobService, 'watchJob' | 'background' | 'start' | 'close'> {
  return {
    as: (caller) => callerService(context, caller),
    stats: createStats(context),
    totals: createRunningTotals(context.db),
    authenticate: (secret) => authenticate(context, secret),
    ensureKey: (key) => ensureKey(context, key),
    registerWorker: (worker) => registerWorker(context, worker),
    heartbeat: (workerId, beat) => heartbeat(context, workerId, beat),
    removeWorker: (workerId) => removeWorker(context, workerId),
    claim: (jobId, request) => claim(context, jobId, request),
    report: (ref, batch) => report(context, ref, batch),
    saveCheckpoint: (ref, checkpoint) => saveCheckpoint(context, ref, checkpoint),
    saveArtifacts: (ref, batch) => saveArtifacts(context, ref, batch),
    finish: (ref, outcome) => finish(context, ref, outcome),
    getTeacher: (key) => getTeacher(context, key),
    saveTeacher: (teacher) => saveTeacher(context, teacher),
    hasBlob: (sha256) => hasBlob(context, sha256),
    putBlob: (sha256, content) => putBlob(context, sha256, content),
    addBlob: (content) => addBlob(context, content),
    getBlob: (sha256, range) => getBlob(context, sha256, range),
    ready: () => ready(context),
  }
}

interface Parts {
  readonly db: Database
  readonly queue: QueueProducer
  readonly artifacts: ArtifactStore
  readonly listener: Listener
}

interface Background {
  readonly startWork: () => LeaderElection
  readonly record: BackgroundRecord
}

function lifecycle({ db, queue, artifacts, listener }: Parts, { startWork, record }: Background) {
  let election: LeaderElection | undefined
  return {
    background: () => record.read(election?.isLeader() ?? false),
    async start() {
      election ??= startWork()
    },
    async close() {
      await election?.close()
      await listener.close()
      await queue.close()
      await artifacts.close()
      await db.close()
    },
  }
}
