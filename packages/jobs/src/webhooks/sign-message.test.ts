import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { newSigningSecret, signatureHeaders } from './sign-message.ts'

const body = JSON.stringify({ type: 'job.succeeded', data: { name: 'é' } })
const signed = { id: 'msg_7', timestamp: Math.floor(Date.now() / 1000), body }

test("the standard's own library takes the signature, and no other", () => {
  const secret = newSigningSecret()
  const headers = signatureHeaders(secret, signed)
  expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
  expect(() => new Webhook(newSigningSecret()).verify(body, headers)).toThrow(/signature/)
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow(/signature/)
  expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'msg_8' })).toThrow(/signature/)
})

test('an old message is known to be old', () => {
  const secret = newSigningSecret()
  const headers = signatureHeaders(secret, { ...signed, timestamp: signed.timestamp - 3600 })
  expect(() => new Webhook(secret).verify(body, headers)).toThrow(/too old/)
})
