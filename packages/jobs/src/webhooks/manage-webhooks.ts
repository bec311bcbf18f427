// Making, listing and deleting webhooks. A key that belongs to a team sees and makes those of that team only.
import { isUuid, type Tables, uuidV7, type WebhookRow } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { Fault, IssuedWebhook, NewWebhook, ToldState, Webhook, WebhookPage } from '@stillhouse/spec'
import { fenceOf } from '../caller.ts'
import type { JobContext } from '../job-context.ts'
import { shorten } from '../job-errors.ts'
import type { Caller, TeamCaller, TeamPage } from '../job-service.ts'
import { pageOf, uuidOfCursor } from '../page-cursor.ts'
import { record } from '../record.ts'
import { refusedAddress } from './outside.ts'
import { newSigningSecret } from './sign-message.ts'

/** Every change of a job's state is sent so often at most. */
const MOST_PER_TEAM = 20
const BY_DEFAULT: ToldState[] = ['succeeded', 'failed', 'cancelled']

/** @throws ApiError request.invalid for a URL that can never be sent to, quota.webhooks */
export async function createWebhook(
  { db, settings }: JobContext,
  caller: TeamCaller,
  wanted: NewWebhook,
): Promise<IssuedWebhook> {
  const { teamId } = caller
  const { states = BY_DEFAULT, labels = {} } = wanted
  assertSendable(wanted.url, settings.outboundAllow)
  const { href: url, host } = new URL(wanted.url)
  const [id, secret] = [uuidV7(), newSigningSecret()]
  return db.transaction(async (tx) => {
    await tx.teams.lock(teamId)
    if ((await tx.webhooks.count(teamId)) >= MOST_PER_TEAM && !(await tx.webhooks.find(id)))
      throw new ApiError('quota.webhooks', `A team may have ${MOST_PER_TEAM} webhooks. Delete one first.`)
    if (await tx.webhooks.insert({ id, teamId, url, states, labels, secret }))
      await record(tx, caller, {
        action: 'createWebhook',
        target: { kind: 'webhook', id },
        teamId,
        detail: { host, states },
      })
    return { webhook: webhookView((await tx.webhooks.find(id)) as WebhookRow), secret }
  })
}

/** @throws ApiError team.not_found, request.invalid for a cursor that no page gave */
export async function listWebhooks({ db }: JobContext, caller: Caller, page: TeamPage): Promise<WebhookPage> {
  const { limit, cursor, team } = page
  const before = cursor === undefined ? undefined : uuidOfCursor(cursor, 'webhooks')
  return db.read(async (tables) => {
    const fence = await fenceOf(tables, caller, team)
    const rows = await tables.webhooks.list({ fence, limit: limit + 1, ...(before && { before }) })
    return pageOf(rows.map(webhookView), limit)
  })
}

/** What was not sent yet is not sent any more. @throws ApiError webhook.not_found */
export async function deleteWebhook({ db }: JobContext, caller: Caller, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { teamId, url } = await visibleWebhook(tx, caller, id)
    if (!(await tx.webhooks.delete(id))) throw noWebhook(id)
    const detail = { host: new URL(url).host }
    await record(tx, caller, { action: 'deleteWebhook', target: { kind: 'webhook', id }, teamId, detail })
  })
}

/** @throws ApiError webhook.not_found, also for those of other teams */
export async function visibleWebhook(tables: Tables, caller: Caller, id: string): Promise<WebhookRow> {
  const row = isUuid(id) ? await tables.webhooks.find(id) : null
  if (row && (caller.teamId === null || row.teamId === caller.teamId)) return row
  throw noWebhook(id)
}

function noWebhook(id: string): ApiError {
  return new ApiError(
    'webhook.not_found',
    `There is no webhook ${shorten(id)}. GET /v1/webhooks lists the webhooks there are.`,
  )
}

function webhookView({ id, team, url, states, labels, createdAt }: WebhookRow): Webhook {
  return { id, team, url, states, labels, createdAt: createdAt.toISOString() }
}

function assertSendable(url: string, allowed: readonly string[]): void {
  const fault = urlFault(url, allowed)
  if (fault !== null) throw new ApiError('request.invalid', 'Nothing can be sent to this URL.', { faults: [fault] })
}

/** What can be known of it now; what its name stands for is looked at whenever something is sent. */
function urlFault(text: string, allowed: readonly string[]): Fault | null {
  const path = '/url'
  const received = shorten(text)
  if (!URL.canParse(text)) return { path, message: 'is not a URL', expected: 'https://host/path', received }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '')
    return { path, message: 'holds a password', expected: 'a URL without one; messages are signed', received: 'user@…' }
  const refused = refusedAddress(url, allowed)
  if (refused === null) return null
  const expected = 'a public address, or one that the operator allows in OUTBOUND_ALLOW'
  return { path, message: 'is an address that nothing may be sent to', expected, received: refused }
}
