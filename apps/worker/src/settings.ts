// What a worker can be told through the environment; read and checked once, at start.
import { availableParallelism, hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEnv } from '@stillhouse/kit'
import { type Static, Type } from 'typebox'
import { machineMemoryGb } from './machine-memory.ts'

const NAME = '[A-Za-z0-9._/-]{1,63}'
const WORKER_LABELS = `^(${NAME}=${NAME}(,${NAME}=${NAME})*)?$`

const BUCKET = 's3://[^,/]+(/[^,]*)?'

const Environment = Type.Object({
  API_URL: Type.String({
    pattern: '^https?://[^/@]+(/[^@]*)?$',
    description: 'base URL of the API, without credentials',
  }),
  WORKER_TOKEN: Type.String({ minLength: 1, description: 'API key with the scope `worker`' }),
  QUEUE_URL: Type.String({ pattern: '^(rediss?|postgres(ql)?)://', description: 'the queue that the API fills' }),
  WORKER_NAME: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', description: 'default: host name' }),
  ),
  SLOTS: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 64, description: 'jobs at a time; default: one per GPU, or one' }),
  ),
  WORKER_LABELS: Type.Optional(
    Type.String({
      pattern: WORKER_LABELS,
      description: 'name=value, separated by commas: what jobs may ask for in resources.labels',
    }),
  ),
  WORKER_MEMORY_GB: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'memory that jobs may ask for in all; default: of the machine, or of the container if that has less',
    }),
  ),
  SCRATCH_DIR: Type.String({ default: join(tmpdir(), 'stillhouse-worker'), description: 'files of running attempts' }),
  SCRATCH_RESERVE_MB: Type.Number({
    minimum: 0,
    default: 256,
    description: 'least free space in SCRATCH_DIR, in MB; with less no jobs are taken',
  }),
  DATA_CACHE_DIR: Type.Optional(
    Type.String({ description: 'data sets that jobs name, kept for later jobs; default: in SCRATCH_DIR' }),
  ),
  DATA_CACHE_GB: Type.Number({ exclusiveMinimum: 0, default: 50, description: 'most of them, in GB' }),
  TEACHER_CACHE_DIR: Type.Optional(
    Type.String({ description: 'outputs of teachers, kept for later jobs; default: in SCRATCH_DIR' }),
  ),
  TEACHER_CACHE_GB: Type.Number({ exclusiveMinimum: 0, default: 10, description: 'most of them, in GB' }),
  SCRATCH_GB: Type.Number({
    exclusiveMinimum: 0,
    default: 50,
    description: 'most that one attempt may write in SCRATCH_DIR, in GB',
  }),
  DATA_ROOTS: Type.Optional(
    Type.String({
      pattern: '^/[^:]*(:/[^:]*)*$',
      description: 'folders that jobs may name as data.params.path, separated by colons; default: none',
    }),
  ),
  DATA_BUCKETS: Type.Optional(
    Type.String({
      pattern: `^${BUCKET}(,${BUCKET})*$`,
      description:
        's3://bucket/prefix, separated by commas: what jobs may name; default: all that the credentials open',
    }),
  ),
  TRAINER_ENTRY: Type.Optional(Type.String({ description: 'the built trainer; default: the one beside this worker' })),
  TRAINER_MEMORY_GB: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'most resident memory of a trainer, in GB; default: its share of the machine, more where a job asks',
    }),
  ),
  TRAINER_MINUTES: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, description: 'longest run of a trainer; default: as long as its job says' }),
  ),
  WATCHDOG_SECONDS: Type.Number({ exclusiveMinimum: 0, default: 300, description: 'longest silence of a trainer' }),
  STOP_GRACE_SECONDS: Type.Number({ minimum: 0, default: 20, description: 'patience with a trainer asked to stop' }),
  UPLOAD_SECONDS: Type.Number({
    exclusiveMinimum: 0,
    default: 60,
    description: 'patience with a failing artifact store',
  }),
  METRICS_PORT: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65_535, description: 'Prometheus metrics at /metrics; default: none' }),
  ),
  METRICS_HOST: Type.String({ default: '127.0.0.1', description: 'address for them to listen on' }),
  DRAIN_SECONDS: Type.Number({ exclusiveMinimum: 0, default: 60, description: 'longest shutdown' }),
  HEALTH_FILE: Type.Optional(
    Type.String({ description: 'touched every 5 s, says starting, taking-jobs or draining; default: none' }),
  ),
})

export interface Settings {
  readonly apiUrl: string
  readonly token: string
  readonly queueUrl: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: one per GPU. */
  readonly slots: number | undefined
  readonly cores: number
  /** Of the machine. */
  readonly memoryGb: number
  readonly scratchDir: string
  /** With less free space there no jobs are taken. */
  readonly scratchReserveBytes: number
  /** Data sets, one folder each. */
  readonly dataCacheDir: string
  readonly dataCacheBytes: number
  /** Between two lines of the log on how far a data set is. */
  readonly dataProgressMs: number
  /** Outputs of teachers, written by trainers. */
  readonly teacherCacheDir: string
  readonly teacherCacheBytes: number
  /** Most bytes that one attempt may write in `scratchDir`. */
  readonly scratchBytes: number
  /** Folders in which data that jobs name by path may lie. */
  readonly dataRoots: readonly string[]
  /** Addresses below which folders in S3 may lie that jobs name; null: anywhere that the credentials open. */
  readonly dataBuckets: readonly string[] | null
  readonly trainerEntry: string
  /** Most resident bytes of a trainer; null: its share of the machine. */
  readonly trainerBytes: number | null
  /** Longest run of a trainer; null: as long as its job says. */
  readonly trainerMs: number | null
  readonly watchdogMs: number
  readonly stopGraceMs: number
  /** Time between SIGTERM and SIGKILL. */
  readonly termGraceMs: number
  readonly uploadMs: number
  readonly drainMs: number
  /** Undefined: none is kept. */
  readonly healthFile: string | undefined
  /** Null: no metrics are shown. */
  readonly metrics: { readonly host: string; readonly port: number } | null
}

const TERM_GRACE_MS = 5000
const DATA_PROGRESS_MS = 3000

/** Where the trainer's entry lies, seen from this app's `src` and `dist` alike. */
const TRAINER = '../../trainer/dist/main.js'

/** @throws EnvError naming every faulty variable */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const read: Static<typeof Environment> = readEnv(Environment, env)
  return {
    apiUrl: read.API_URL,
    token: read.WORKER_TOKEN,
    queueUrl: read.QUEUE_URL,
    name: read.WORKER_NAME ?? plainName(hostname()),
    labels: labelsOf(read.WORKER_LABELS ?? ''),
    slots: read.SLOTS,
    cores: availableParallelism(),
    memoryGb: read.WORKER_MEMORY_GB ?? machineMemoryGb(),
    scratchDir: read.SCRATCH_DIR,
    scratchReserveBytes: read.SCRATCH_RESERVE_MB * 1e6,
    dataCacheDir: read.DATA_CACHE_DIR ?? join(read.SCRATCH_DIR, '.data'),
    dataCacheBytes: read.DATA_CACHE_GB * 1e9,
    dataProgressMs: DATA_PROGRESS_MS,
    teacherCacheDir: read.TEACHER_CACHE_DIR ?? join(read.SCRATCH_DIR, '.teachers'),
    teacherCacheBytes: read.TEACHER_CACHE_GB * 1e9,
    scratchBytes: read.SCRATCH_GB * 1e9,
    dataRoots: read.DATA_ROOTS?.split(':') ?? [],
    dataBuckets: read.DATA_BUCKETS?.split(',') ?? null,
    trainerEntry: read.TRAINER_ENTRY ?? fileURLToPath(new URL(TRAINER, import.meta.url)),
    trainerBytes: read.TRAINER_MEMORY_GB === undefined ? null : read.TRAINER_MEMORY_GB * 2 ** 30,
    trainerMs: read.TRAINER_MINUTES === undefined ? null : read.TRAINER_MINUTES * 60_000,
    watchdogMs: read.WATCHDOG_SECONDS * 1000,
    stopGraceMs: read.STOP_GRACE_SECONDS * 1000,
    termGraceMs: TERM_GRACE_MS,
    uploadMs: read.UPLOAD_SECONDS * 1000,
    drainMs: read.DRAIN_SECONDS * 1000,
    healthFile: read.HEALTH_FILE,
    metrics: read.METRICS_PORT === undefined ? null : { host: read.METRICS_HOST, port: read.METRICS_PORT },
  }
}

/** @param text `zone=a,rack=7` */
function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '')
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]))
}

function plainName(host: string): string {
  return (
    host
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 100) || 'worker'
  )
}
