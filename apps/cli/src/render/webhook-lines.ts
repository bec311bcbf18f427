// Webhooks and what they were told, as tables.
import type { Webhook, WebhookDelivery } from '@stillhouse/spec'
import { table } from './table.ts'

/** One row per webhook. */
export function webhookTable(webhooks: readonly Webhook[]): string {
  const rows = webhooks.map(({ id, team, url, states, labels }) => [
    id,
    team,
    states.join(' '),
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    url,
  ])
  return table(['id', 'team', 'on', 'labels', 'url'], rows)
}

/** One row per delivery. */
export function deliveryTable(deliveries: readonly WebhookDelivery[]): string {
  const rows = deliveries.map((delivery) => [
    String(delivery.id),
    delivery.createdAt,
    delivery.job,
    delivery.state,
    String(delivery.tries),
    delivery.error ?? (delivery.status === null ? '' : `answered ${delivery.status}`),
    delivery.nextTryAt === null ? '' : `next ${delivery.nextTryAt}`,
  ])
  return table(['delivery', 'at', 'job', 'state', 'tries', 'last answer', ''], rows)
}
