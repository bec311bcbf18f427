// Who may do what, on the wire: teams and their quotas, API keys, and the record of what was changed by whom.
import { type Static, Type } from 'typebox'
import { Nullable, strict, Timestamp } from './schema-parts.ts'
import { SentTime, Uuid } from './wire.ts'

/** Columns that hold counts are 32 bits wide. */
const MOST = 2_147_483_647

/**
 * What a key may do. `admin` includes reading and writing jobs; `models:trusted` goes with `jobs:write` and lets its holder
 * send graphs, which are programs that run on the workers: only an administrator of the cluster can give it. `worker`
 * stands alone.
 */
export const SCOPES = ['jobs:read', 'jobs:write', 'models:trusted', 'worker', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The team of everything that was not given to another; it always exists. */
export const DEFAULT_TEAM = { id: '00000000-0000-7000-8000-000000000001', name: 'default' } as const

export const TEAM_NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'

export const TeamName = Type.String({
  pattern: TEAM_NAME_PATTERN,
  description: 'lower-case letters, digits and hyphens',
})

export const TeamQuotas = Type.Object(
  {
    maxRunning: Nullable(Type.Integer({ minimum: 0, maximum: MOST, description: 'jobs at a time; null: no limit' })),
    maxQueued: Nullable(Type.Integer({ minimum: 0, maximum: MOST, description: 'jobs that wait; null: no limit' })),
    maxArtifactBytes: Nullable(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'bytes of the artifacts of all its jobs; null: no limit',
      }),
    ),
    maxGpus: Nullable(
      Type.Integer({ minimum: 0, maximum: MOST, description: 'GPUs that its jobs hold at a time; null: no limit' }),
    ),
    maxGpuHours: Nullable(Type.Number({ minimum: 0, description: 'per calendar month (UTC); null: no limit' })),
  },
  strict,
)
export type TeamQuotas = Static<typeof TeamQuotas>

export const TeamUsage = Type.Object(
  {
    running: Type.Integer({ minimum: 0, description: 'jobs that run or were handed to a worker' }),
    queued: Type.Integer({ minimum: 0 }),
    artifactBytes: Type.Integer({ minimum: 0 }),
    gpus: Type.Integer({ minimum: 0, description: 'held now' }),
    gpuHours: Type.Number({ minimum: 0, description: 'of this calendar month (UTC)' }),
  },
  strict,
)
export type TeamUsage = Static<typeof TeamUsage>

export const TeamWeight = Type.Number({
  minimum: 0.001,
  maximum: 1000,
  description: 'its part of the machines is this over the sum of all teams that want some',
})

export const Team = Type.Object(
  { name: TeamName, weight: TeamWeight, quotas: TeamQuotas, usage: TeamUsage, createdAt: Timestamp },
  { ...strict, $id: 'Team' },
)
export type Team = Static<typeof Team>

export const TeamList = Type.Object({ items: Type.Array(Team) }, strict)
export type TeamList = Static<typeof TeamList>

export const NewTeam = Type.Object(
  { name: TeamName, weight: Type.Optional(TeamWeight), quotas: Type.Optional(Type.Partial(TeamQuotas, strict)) },
  strict,
)
export type NewTeam = Static<typeof NewTeam>

export const TeamChange = Type.Object(
  { weight: Type.Optional(TeamWeight), quotas: Type.Optional(Type.Partial(TeamQuotas, strict)) },
  { ...strict, minProperties: 1 },
)
export type TeamChange = Static<typeof TeamChange>

const keyFields = {
  id: Uuid,
  name: Type.String(),
  team: Nullable(Type.String({ description: "null: the cluster's own" })),
  scopes: Type.Array(Type.Enum([...SCOPES])),
  expiresAt: Nullable(Timestamp),
}

/** What a key says about itself to its holder. */
export const Me = Type.Object(keyFields, { ...strict, $id: 'Me' })
export type Me = Static<typeof Me>

export const ApiKey = Type.Object(
  {
    ...keyFields,
    prefix: Type.String({ description: 'how the secret begins' }),
    setBy: Nullable(Type.String({ description: "the setting of the service's environment that it comes from" })),
    previousUntil: Nullable(
      Type.String({ format: 'date-time', description: 'until when the secret before the last rotation is valid' }),
    ),
    createdAt: Timestamp,
    revokedAt: Nullable(Timestamp),
    lastUsedAt: Nullable(Type.String({ format: 'date-time', description: 'to the minute' })),
  },
  { ...strict, $id: 'ApiKey' },
)
export type ApiKey = Static<typeof ApiKey>

export const ApiKeyPage = Type.Object({ items: Type.Array(ApiKey), nextCursor: Nullable(Type.String()) }, strict)
export type ApiKeyPage = Static<typeof ApiKeyPage>

export const NewApiKey = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$', description: 'for people; need not be unique' }),
    team: Type.Optional(
      Type.Union([TeamName, Type.Null()], {
        description: "whose key it is; null: the cluster's own; default: the team of the calling key",
      }),
    ),
    scopes: Type.Array(Type.Enum([...SCOPES]), { minItems: 1, maxItems: SCOPES.length, uniqueItems: true }),
    expiresAt: Type.Optional(
      Nullable(Type.String({ ...SentTime, description: 'when it stops being valid; default: never' })),
    ),
  },
  strict,
)
export type NewApiKey = Static<typeof NewApiKey>

/** The only answer that ever holds a secret. */
export const IssuedKey = Type.Object(
  { key: ApiKey, secret: Type.String({ description: 'shown this once: the service keeps only its hash' }) },
  strict,
)
export type IssuedKey = Static<typeof IssuedKey>

/** Every call that changes something, by its operationId. Workers' reports are kept with their jobs instead. */
export const AUDIT_ACTIONS = [
  'submitJob',
  'cancelJob',
  'retryJob',
  'changeJob',
  'submitJobGraph',
  'changeJobs',
  'uploadModel',
  'uploadDataset',
  'createTeam',
  'updateTeam',
  'createKey',
  'rotateKey',
  'revokeKey',
  'changeWorker',
  'reconcile',
  'createWebhook',
  'deleteWebhook',
  'replayDelivery',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export const AUDIT_TARGETS = ['job', 'model', 'dataset', 'team', 'key', 'worker', 'service', 'webhook'] as const

export const AuditEntry = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    at: Timestamp,
    key: Type.Object({ id: Uuid, name: Type.String() }, { ...strict, description: 'who did it' }),
    team: Nullable(Type.String({ description: "whose matter it is; null: the cluster's own" })),
    action: Type.Enum([...AUDIT_ACTIONS]),
    target: Type.Object({ kind: Type.Enum([...AUDIT_TARGETS]), id: Type.String() }, strict),
    requestId: Type.String({ description: 'X-Request-Id of the call' }),
    detail: Type.Record(Type.String(), Type.Unknown()),
  },
  { ...strict, $id: 'AuditEntry' },
)
export type AuditEntry = Static<typeof AuditEntry>

export const AuditPage = Type.Object({ items: Type.Array(AuditEntry), nextCursor: Nullable(Type.String()) }, strict)
export type AuditPage = Static<typeof AuditPage>
