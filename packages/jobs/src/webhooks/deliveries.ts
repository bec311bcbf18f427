// The record of what was sent to a webhook, and sending something once more.
import type { WebhookDeliveryRow } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { WebhookDelivery, WebhookDeliveryPage } from '@stillhouse/spec'
import type { JobContext } from '../job-context.ts'
import type { Caller } from '../job-service.ts'
import { numberOfCursor, pageOf } from '../page-cursor.ts'
import { record } from '../record.ts'
import { visibleWebhook } from './manage-webhooks.ts'

/** @throws ApiError webhook.not_found, request.invalid for a cursor that no page gave */
export async function listDeliveries(
  { db }: JobContext,
  caller: Caller,
  { id, limit, cursor }: { id: string; limit: number; cursor?: string },
): Promise<WebhookDeliveryPage> {
  const before = cursor === undefined ? undefined : numberOfCursor(cursor, 'deliveries')
  return db.read(async (tables) => {
    await visibleWebhook(tables, caller, id)
    const rows = await tables.deliveries.list(id, { limit: limit + 1, ...(before !== undefined && { before }) })
    return pageOf(rows.map(deliveryView), limit)
  })
}

/** Sends it again at once, whatever became of it, under its old id. @throws ApiError webhook.not_found */
export async function replayDelivery(
  { db }: JobContext,
  caller: Caller,
  { id, delivery }: { id: string; delivery: number },
): Promise<WebhookDelivery> {
  return db.transaction(async (tx) => {
    const { teamId } = await visibleWebhook(tx, caller, id)
    const row = await tx.deliveries.replay(id, delivery)
    if (row === null)
      throw new ApiError('webhook.not_found', `The webhook has no delivery ${delivery}; the oldest are not kept.`)
    await record(tx, caller, {
      action: 'replayDelivery',
      target: { kind: 'webhook', id },
      teamId,
      detail: { delivery },
    })
    await tx.signals.work()
    return deliveryView(row)
  })
}

function deliveryView(row: WebhookDeliveryRow): WebhookDelivery {
  const { id, job, event, state, tries, status, error, createdAt, dueAt, endedAt } = row
  return {
    ...{ id: Number(id), job, event, state, tries, status, error },
    createdAt: createdAt.toISOString(),
    nextTryAt: state === 'pending' ? dueAt.toISOString() : null,
    endedAt: endedAt?.toISOString() ?? null,
  }
}
