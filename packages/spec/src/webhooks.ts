// Webhooks on the wire: where a team wants to hear of its jobs, what it is sent, and the record of what became of that.
import { type Static, Type } from 'typebox'
import { TeamName } from './access.ts'
import { EVENT_TYPES } from './events.ts'
import { LABEL_NAME_PATTERN } from './job-spec.ts'
import { Nullable, strict, Timestamp } from './schema-parts.ts'
import { Uuid } from './wire.ts'

/** States of a job that are told when it enters them. */
export const TOLD_STATES = ['running', 'succeeded', 'failed', 'cancelled'] as const
export type ToldState = (typeof TOLD_STATES)[number]

export function isTold(state: string): state is ToldState {
  return (TOLD_STATES as readonly string[]).includes(state)
}

const ToldStates = Type.Array(Type.Enum([...TOLD_STATES]), {
  minItems: 1,
  maxItems: TOLD_STATES.length,
  uniqueItems: true,
  description: 'states of a job that are told when it enters them; default: those in which it ends',
})

const Labels = Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Type.String({ maxLength: 128 }), {
  maxProperties: 16,
  description: 'labels that a job must have, all of them, to be told; default: every job of the team',
})

export const NewWebhook = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://',
      maxLength: 2000,
      description: 'where to POST; an address that is not public must be allowed by the operator',
    }),
    states: Type.Optional(ToldStates),
    labels: Type.Optional(Labels),
  },
  strict,
)
export type NewWebhook = Static<typeof NewWebhook>

export const Webhook = Type.Object(
  { id: Uuid, team: TeamName, url: Type.String(), states: ToldStates, labels: Labels, createdAt: Timestamp },
  { ...strict, $id: 'Webhook' },
)
export type Webhook = Static<typeof Webhook>

export const WebhookPage = Type.Object({ items: Type.Array(Webhook), nextCursor: Nullable(Type.String()) }, strict)
export type WebhookPage = Static<typeof WebhookPage>

export const IssuedWebhook = Type.Object(
  {
    webhook: Webhook,
    secret: Type.String({
      description: 'checks the signatures of what is sent, see docs/webhooks.md; shown this once',
    }),
  },
  strict,
)
export type IssuedWebhook = Static<typeof IssuedWebhook>

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const

/** One message to one webhook. */
export const WebhookDelivery = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    job: Uuid,
    event: Type.Integer({ minimum: 1, description: 'seq of the event of the job that it tells' }),
    state: Type.Enum([...DELIVERY_STATES], { description: 'failed: not tried any more' }),
    tries: Type.Integer({ minimum: 0 }),
    status: Nullable(Type.Integer({ description: 'HTTP status that the last try was answered with' })),
    error: Nullable(Type.String({ description: 'why the last try did not succeed' })),
    createdAt: Timestamp,
    nextTryAt: Nullable(Timestamp),
    endedAt: Nullable(Type.String({ format: 'date-time', description: 'when it was delivered or given up' })),
  },
  { ...strict, $id: 'WebhookDelivery' },
)
export type WebhookDelivery = Static<typeof WebhookDelivery>

export const WebhookDeliveryPage = Type.Object(
  { items: Type.Array(WebhookDelivery), nextCursor: Nullable(Type.String()) },
  strict,
)
export type WebhookDeliveryPage = Static<typeof WebhookDeliveryPage>

/** The body of a message. Its header `webhook-id` is the same at every try; what was told twice is known by it. */
export const WebhookMessage = Type.Object(
  {
    type: Type.String({ description: '`job.` and the state, e.g. job.succeeded' }),
    timestamp: Type.String({ format: 'date-time', description: 'when the job entered the state' }),
    data: Type.Object(
      {
        job: Type.Object({ id: Uuid, team: TeamName, name: Type.String(), labels: Labels }, strict),
        event: Type.Integer({ minimum: 1, description: 'seq in the list of events of the job' }),
        ...EVENT_TYPES.state.properties,
      },
      strict,
    ),
  },
  { ...strict, $id: 'WebhookMessage' },
)
export type WebhookMessage = Static<typeof WebhookMessage>
