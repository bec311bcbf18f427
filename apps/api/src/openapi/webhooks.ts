// What the service sends by itself, for the document: requests to addresses that teams gave it.

const TEXT = { type: 'string' as const }

const HEADERS = {
  'webhook-id': 'the same at every try, so that what was told twice can be known',
  'webhook-timestamp': 'seconds since 1970, of this try',
  'webhook-signature': 'v1, and the HMAC-SHA256 of id, timestamp and body, in base64 (Standard Webhooks 1.0)',
}

export const WEBHOOKS = {
  jobChanged: {
    post: {
      operationId: 'jobChanged',
      tags: ['webhooks'],
      summary: 'A job entered a state that the webhook wants to hear of',
      parameters: Object.entries(HEADERS).map(([name, description]) => ({
        ...{ name, description, in: 'header' as const, required: true, schema: TEXT },
      })),
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/WebhookMessage' } } },
      },
      responses: {
        '2XX': { description: 'Taken' },
        '410': { description: 'Nothing more of it is wanted: not sent again' },
        default: { description: 'Sent again later' },
      },
    },
  },
}
