// Path and query parameters that several routes share.
import { ARTIFACT_PATH_PATTERN, Attempt, TEAM_NAME_PATTERN, TeamName, Uuid } from '@stillhouse/spec'
import { type TProperties, Type } from 'typebox'

const strict = { additionalProperties: false } as const

export const JobId = Type.Object({ id: Uuid }, strict)
export const KeyId = Type.Object({ id: Uuid }, strict)
export const TeamPath = Type.Object({ name: TeamName }, strict)
export const WorkerId = Type.Object({ id: Uuid }, strict)
export const WebhookId = Type.Object({ id: Uuid }, strict)
export const DeliveryPath = Type.Object(
  { id: Uuid, delivery: Type.Integer({ minimum: 1, maximum: 999_999_999_999_999 }) },
  strict,
)
export const AttemptPath = Type.Object({ id: Uuid, attempt: Attempt }, strict)
export const ArtifactPath = Type.Object(
  {
    id: Uuid,
    '*': Type.String({
      pattern: ARTIFACT_PATH_PATTERN,
      maxLength: 400,
      description: 'e.g. export/tfjs-layers/model.json',
    }),
  },
  strict,
)

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const ModelId = Type.Object({ id: Sha256 }, strict)
export const DatasetId = Type.Object({ id: Sha256 }, strict)
export const TeacherKey = Type.Object({ key: Sha256 }, strict)
export const BlobDigest = Type.Object({ sha256: Sha256 }, strict)

const After = Type.Integer({
  minimum: 0,
  maximum: 2_147_483_647,
  default: 0,
  description: 'only items with a higher seq',
})

const NAME = { pattern: TEAM_NAME_PATTERN }

/** Whose it is to be that a call sends. */
export const forTeam = Type.Optional(
  Type.String({ ...NAME, description: 'whose it is to be; default: the team of the key, or `default`' }),
)

/** Query of calls that send something. */
export const TeamQuery = Type.Object({ team: forTeam }, strict)

export const PageLimit = Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 }))
export const PageCursor = Type.Optional(
  Type.String({ pattern: '^[A-Za-z0-9_=.-]{1,512}$', description: '`nextCursor` of the page before' }),
)

/** Query of a list that is read page by page and can be narrowed to one team. */
export function teamPageQuery<T extends TProperties>(more: T) {
  return Type.Object(
    {
      ...more,
      team: Type.Optional(Type.String({ ...NAME, description: 'only what belongs to this team' })),
      limit: PageLimit,
      cursor: PageCursor,
    },
    strict,
  )
}

interface TeamPageQuery {
  readonly team?: string
  readonly limit?: number
  readonly cursor?: string
}

export function teamPageOf({ team, limit = 50, cursor }: TeamPageQuery) {
  return { limit, ...(team === undefined ? {} : { team }), ...(cursor === undefined ? {} : { cursor }) }
}

/** Query of a numbered list. `after` and `limit` have defaults; a handler fills them in with `pageOf`. */
export function pageQuery<T extends TProperties>(more: T) {
  const limit = Type.Integer({ minimum: 1, maximum: 1000, default: 1000 })
  return Type.Object({ after: Type.Optional(After), limit: Type.Optional(limit), ...more }, strict)
}

export function pageOf(query: { after?: number; limit?: number }): { after: number; limit: number } {
  return { after: query.after ?? 0, limit: query.limit ?? 1000 }
}

/** Printable text without control characters, which the database would refuse. */
export const PLAIN_TEXT = '^[^\\u0000-\\u001f\\u007f]*$'
