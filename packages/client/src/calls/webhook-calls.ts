// Calls about webhooks: where a team hears of its jobs, and what it was told.
import type { Client } from '../client.ts'
import { answer, signalOf, teamOf, type Wire } from '../wire.ts'

type WebhookCalls = Pick<
  Client,
  'createWebhook' | 'listWebhooks' | 'deleteWebhook' | 'listDeliveries' | 'replayDelivery'
>

export function webhookCalls({ api }: Wire): WebhookCalls {
  return {
    createWebhook: (webhook, options) =>
      answer(api.POST('/v1/webhooks', { params: { query: teamOf(options) }, body: webhook, ...signalOf(options) })),
    listWebhooks: (query = {}, options) => answer(api.GET('/v1/webhooks', { params: { query }, ...signalOf(options) })),
    deleteWebhook: async (id, options) => {
      await api.DELETE('/v1/webhooks/{id}', { params: { path: { id } }, ...signalOf(options) })
    },
    listDeliveries: (id, query = {}, options) =>
      answer(api.GET('/v1/webhooks/{id}/deliveries', { params: { path: { id }, query }, ...signalOf(options) })),
    replayDelivery: (id, delivery, options) =>
      answer(
        api.POST('/v1/webhooks/{id}/deliveries/{delivery}/replay', {
          params: { path: { id, delivery } },
          ...signalOf(options),
        }),
      ),
  }
}
