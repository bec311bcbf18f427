// The webhooks of the service in memory, kept as they are given; a delivery is there once a test puts it there.
import { randomUUID } from 'node:crypto'
import type { TeamService } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import { DEFAULT_TEAM, type Webhook, type WebhookDelivery } from '@stillhouse/spec'

interface Kept {
  readonly webhooks: Map<string, Webhook>
  readonly deliveries: Map<string, WebhookDelivery[]>
  readonly calls: unknown[][]
}

type Webhooks = Pick<
  TeamService,
  'createWebhook' | 'listWebhooks' | 'deleteWebhook' | 'listDeliveries' | 'replayDelivery'
>

const AT = '2026-01-02T03:04:05.000Z'

export function fakeWebhooks({ webhooks, deliveries, calls }: Kept): Webhooks {
  function known(id: string): string {
    if (!webhooks.has(id)) throw new ApiError('webhook.not_found', `There is no webhook ${id}.`)
    return id
  }

  return {
    createWebhook: async ({ url, states = ['succeeded', 'failed', 'cancelled'], labels = {} }) => {
      const webhook = { id: randomUUID(), team: DEFAULT_TEAM.name, url, states, labels, createdAt: AT }
      webhooks.set(webhook.id, webhook)
      return { webhook, secret: 'whsec_c2VjcmV0' }
    },
    listWebhooks: async (page) => {
      calls.push(['listWebhooks', page])
      return { items: [...webhooks.values()], nextCursor: null }
    },
    deleteWebhook: async (id) => {
      webhooks.delete(known(id))
    },
    listDeliveries: async ({ id, ...page }) => {
      calls.push(['listDeliveries', page])
      return { items: deliveries.get(known(id)) ?? [], nextCursor: null }
    },
    replayDelivery: async ({ id, delivery }) => {
      const found = deliveries.get(known(id))?.find((one) => one.id === delivery)
      if (found === undefined) throw new ApiError('webhook.not_found', `There is no delivery ${delivery}.`)
      return { ...found, state: 'pending', tries: 0, nextTryAt: AT, endedAt: null }
    },
  }
}
