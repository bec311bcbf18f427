// What the application is built from. Everything comes from outside, so that a test can hand in anything.
import type { KeptTeacher, Signature } from '@stillhouse/engine'
import type { JobService } from '@stillhouse/jobs'
import type { Logger } from '@stillhouse/kit'
import type { Catalog, Fault, JobSpec } from '@stillhouse/spec'

export interface ApiConfig {
  /** /metrics without an API key. */
  readonly metricsPublic: boolean
  /** Bytes of an ordinary JSON or YAML body. */
  readonly bodyLimit: number
  /** Bytes of a worker's report. */
  readonly reportLimit: number
  /** Bytes of one blob. */
  readonly blobLimit: number
  /** Bytes of the weights of an uploaded model; they are held in memory while they are checked. */
  readonly modelLimit: number
  /** Bytes of all files of one data set. */
  readonly datasetLimit: number
  /** Files of one data set. */
  readonly datasetFiles: number
  /** Requests of one API key in a minute; 0: no limit. These limits hold for this replica alone. */
  readonly requestsPerMinute: number
  /** Requests of a worker's key from one address in a minute; 0: no limit. */
  readonly workerRequestsPerMinute: number
  /** Requests to public routes from one address in a minute; 0: no limit. */
  readonly publicRequestsPerMinute: number
  /** Keys that are not valid from one address in a minute; 0: no limit. */
  readonly invalidKeysPerMinute: number
  /** Uploads of models and data sets that one key may have under way; 0: no limit. */
  readonly uploadsAtATime: number
  /** Event streams that one key may have open; 0: no limit. */
  readonly streamsAtATime: number
  /** Proxies whose X-Forwarded-For is believed; null: none. */
  readonly trustProxy: string | null
  /** Milliseconds between the comments that keep an idle event stream open. */
  readonly eventHeartbeatMs: number
  /** An event loop that was blocked longer than this many milliseconds is logged and counted. */
  readonly eventLoopAlarmMs: number
  /** Milliseconds for which scrapes of /metrics share one look into the database. */
  readonly statsKeptMs: number
}

const MIB = 2 ** 20

export const DEFAULT_CONFIG: ApiConfig = {
  metricsPublic: true,
  bodyLimit: MIB,
  reportLimit: 8 * MIB,
  blobLimit: 8 * 1024 * MIB,
  modelLimit: 256 * MIB,
  datasetLimit: 16 * 1024 * MIB,
  datasetFiles: 10_000,
  requestsPerMinute: 6000,
  workerRequestsPerMinute: 60_000,
  publicRequestsPerMinute: 600,
  invalidKeysPerMinute: 60,
  uploadsAtATime: 8,
  streamsAtATime: 1000,
  trustProxy: null,
  eventHeartbeatMs: 15_000,
  eventLoopAlarmMs: 5000,
  statsKeptMs: 1000,
}

/** What a check of an uploaded tfjs LayersModel finds out. */
export type ModelCheck =
  | {
      readonly ok: true
      /** Without the batch axis. */
      readonly inputShape: readonly number[]
      /** Without the batch axis. */
      readonly outputShape: readonly number[]
      readonly params: number
    }
  | { readonly ok: false; readonly faults: readonly Fault[] }

export interface ApiContext {
  readonly service: JobService
  /** What jobs may name, as callers see it. */
  readonly catalog: Catalog
  readonly config: ApiConfig
  readonly logger: Logger
  /** Faults of a spec that only the shelves can tell, with what is kept of the teachers that it takes from elsewhere. */
  readonly checkJob: (spec: JobSpec, kept: readonly (KeptTeacher | null)[]) => readonly Fault[]
  /** What a job's data looks like; null when the shelves cannot tell. */
  readonly signatureOf: (spec: JobSpec) => Signature | null
  /** Judges an uploaded tfjs LayersModel: the parsed model.json and all weight bytes. */
  readonly checkModel: (modelJson: unknown, weightBytes: Uint8Array) => ModelCheck
}
