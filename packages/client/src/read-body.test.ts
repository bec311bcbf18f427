import { expect, test } from 'vitest'
import { ApiUnreachable } from './api-unreachable.ts'
import { readBody } from './read-body.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += new TextDecoder().decode(chunk)
  return text
}

/** A response that says this and then nothing more; notes when it is cancelled. */
function stalled(text: string): { response: Response; cancelled: () => boolean } {
  let cancelled = false
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(bytes(text)),
    cancel: () => {
      cancelled = true
    },
  })
  return { response: new Response(body), cancelled: () => cancelled }
}

test('content is read to its end', async () => {
  expect(await textOf(readBody(new Response('all of it'), { idleMs: 1000 }))).toBe('all of it')
  expect(await textOf(readBody(new Response(null), { idleMs: 1000 }))).toBe('')
})

test('a connection that falls silent is given up with an error that says so', async () => {
  const { response, cancelled } = stalled('half')
  await expect(textOf(readBody(response, { idleMs: 20 }))).rejects.toThrow('nothing came for 0.02 s')
  expect(cancelled()).toBe(true)
})

test('a signal ends reading with its own reason, also when it came before', async () => {
  const controller = new AbortController()
  const { response, cancelled } = stalled('half')
  const reading = textOf(readBody(response, { idleMs: 10_000, signal: controller.signal }))
  setTimeout(() => controller.abort(new Error('enough')), 5)
  await expect(reading).rejects.toThrow('enough')
  expect(cancelled()).toBe(true)
  const late = readBody(stalled('x').response, { idleMs: 10_000, signal: controller.signal })
  await expect(textOf(late)).rejects.toThrow('enough')
})

test('a connection that breaks is ApiUnreachable with the cause', async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
  const error = await textOf(readBody(new Response(body), { idleMs: 1000 })).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ApiUnreachable)
  expect(String(error)).toContain('terminated')
})

test('whoever stops reading closes the connection', async () => {
  const { response, cancelled } = stalled('half')
  for await (const _ of readBody(response, { idleMs: 1000 })) break
  expect(cancelled()).toBe(true)
})
