// What the API's process can be told through the environment; read and checked once, at start.
import { readEnv } from '@stillhouse/kit'
import { type Static, Type } from 'typebox'

const ADDRESSES = '^[0-9A-Fa-f:./]+(, ?[0-9A-Fa-f:./]+)*$'

const Environment = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'address to listen on' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 7070, description: '0: any free port' }),
  DATABASE_URL: Type.String({ pattern: '^postgres(ql)?://', description: 'the PostgreSQL database' }),
  QUEUE_URL: Type.String({ pattern: '^(rediss?|postgres(ql)?)://', description: 'the queue that workers read' }),
  ARTIFACT_URL: Type.String({ pattern: '^(file|s3)://', description: 'file:///folder or s3://bucket/prefix' }),
  BOOTSTRAP_API_KEY: Type.Optional(Type.String({ minLength: 16, description: 'a key with the scope `admin`' })),
  WORKER_TOKEN: Type.Optional(Type.String({ minLength: 16, description: 'a key with the scope `worker`' })),
  MAX_WAIT_HOURS: Type.Number({
    exclusiveMinimum: 0,
    default: 24,
    description: 'a job that has waited for so long is handed out before all others',
  }),
  LEASE_SECONDS: Type.Number({ exclusiveMinimum: 0, default: 20, description: 'silence after which a worker is lost' }),
  HEARTBEAT_SECONDS: Type.Number({ exclusiveMinimum: 0, default: 2, description: 'how often workers report' }),
  RETRY_BASE_SECONDS: Type.Number({
    minimum: 0,
    maximum: 300,
    default: 2,
    description: 'wait before the first retry of a failed attempt; doubles with each, up to 300',
  }),
  POISON_LOSSES: Type.Integer({ minimum: 1, default: 3, description: 'lost workers after which a job is given up' }),
  SUSPECT_FAILURES: Type.Integer({
    minimum: 2,
    default: 5,
    description: 'different jobs that fail in a row on a worker, through no fault of theirs, before it is cordoned',
  }),
  RECONCILE_HOURS: Type.Number({
    exclusiveMinimum: 0,
    default: 6,
    description: 'pause between two comparisons of queue and artifact store with the database',
  }),
  METRICS_PUBLIC: Type.Boolean({ default: false, description: '/metrics without a key; it names the teams' }),
  MODEL_LIMIT_MIB: Type.Number({ exclusiveMinimum: 0, default: 256, description: 'largest uploaded model' }),
  DATASET_LIMIT_MIB: Type.Number({ exclusiveMinimum: 0, default: 16_384, description: 'largest uploaded data set' }),
  DATASET_FILES: Type.Integer({ minimum: 1, default: 10_000, description: 'most files of an uploaded data set' }),
  REQUESTS_PER_MINUTE: Type.Integer({
    minimum: 0,
    default: 6000,
    description: 'of one API key, to this replica; 0: no limit',
  }),
  WORKER_REQUESTS_PER_MINUTE: Type.Integer({
    minimum: 0,
    default: 60_000,
    description: "of a worker's key from one address, to this replica; 0: no limit",
  }),
  PUBLIC_REQUESTS_PER_MINUTE: Type.Integer({
    minimum: 0,
    default: 600,
    description: 'without a key, from one address: documentation and metrics; 0: no limit',
  }),
  INVALID_KEYS_PER_MINUTE: Type.Integer({
    minimum: 0,
    default: 60,
    description: 'from one address, before further unknown keys are not even looked up; 0: no limit',
  }),
  UPLOADS_AT_A_TIME: Type.Integer({
    minimum: 0,
    default: 8,
    description: 'of models and data sets by one key; 0: no limit',
  }),
  STREAMS_AT_A_TIME: Type.Integer({
    minimum: 0,
    default: 1000,
    description: 'of events, open for one key; 0: no limit',
  }),
  OUTBOUND_ALLOW: Type.Optional(
    Type.String({
      pattern: ADDRESSES,
      description: 'addresses or networks that webhooks may reach although they are not public, e.g. 10.20.0.0/16',
    }),
  ),
  TRUST_PROXY: Type.Optional(
    Type.String({
      pattern: ADDRESSES,
      description: 'addresses or networks of proxies whose X-Forwarded-For tells who calls',
    }),
  ),
  BLOB_LIMIT_MIB: Type.Number({ exclusiveMinimum: 0, default: 8192, description: 'largest single file of a worker' }),
})

export type Environment = Static<typeof Environment>

/** @throws EnvError naming every faulty variable */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return readEnv(Environment, env)
}
