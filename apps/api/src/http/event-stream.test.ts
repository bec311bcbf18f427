import type { JobEvent } from '@stillhouse/spec'
import { beforeEach, expect, test } from 'vitest'
import { type EventFeed, openEventStream } from './event-stream.ts'

const watchers = new Set<() => void>()
let events: JobEvent[] = []
let complete = false
let reads = 0
let afterRead: () => void = () => undefined

beforeEach(() => {
  watchers.clear()
  events = []
  complete = false
  reads = 0
  afterRead = () => undefined
})

const feed: EventFeed = {
  read: async (after, limit) => {
    reads += 1
    const page = { items: events.filter((event) => event.seq > after).slice(0, limit), complete }
    afterRead()
    return page
  },
  watch: (wake) => {
    watchers.add(wake)
    return () => watchers.delete(wake)
  },
}

function note(message: string): void {
  events.push({ seq: events.length + 1, at: '2026-01-01T00:00:00Z', type: 'note', data: { attempt: 1, message } })
  for (const wake of [...watchers]) wake()
}

async function idsOf(chunks: AsyncIterable<string> | undefined): Promise<number[]> {
  let text = ''
  for await (const chunk of chunks ?? []) text += chunk
  return [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
}

test('an event that happens right after the catch-up read is not lost', async () => {
  note('before')
  afterRead = () => {
    afterRead = () => {
      complete = true
      note('last')
      afterRead = () => undefined
    }
    note('in between')
  }
  const stream = await openEventStream(feed, { after: 0, heartbeatMs: 60_000 })
  expect(await idsOf(stream?.chunks)).toEqual([1, 2, 3])
  expect(watchers.size).toBe(0)
})

test('more events than one page holds come in order and once, also when the job is finished', async () => {
  for (let i = 0; i < 1234; i++) note(`${i}`)
  complete = true
  const stream = await openEventStream(feed, { after: 34, heartbeatMs: 60_000 })
  expect(await idsOf(stream?.chunks)).toEqual(Array.from({ length: 1200 }, (_, i) => i + 35))
})

test('a slow reader is not read ahead for', async () => {
  for (let i = 0; i < 5000; i++) note(`${i}`)
  const stream = await openEventStream(feed, { after: 0, heartbeatMs: 60_000 })
  const iterator = stream?.chunks[Symbol.asyncIterator]()
  await iterator?.next()
  await iterator?.next()
  expect(reads).toBe(1)
  stream?.stop()
})

test('an idle stream sends comments and looks again, in case a wake-up was lost on the way', async () => {
  const stream = await openEventStream(feed, { after: 0, heartbeatMs: 5 })
  const iterator = stream?.chunks[Symbol.asyncIterator]()
  expect((await iterator?.next())?.value).toBe('retry: 2000\n\n')
  expect((await iterator?.next())?.value).toBe(': still here\n\n')
  watchers.clear()
  note('nobody was woken')
  const later = [(await iterator?.next())?.value, (await iterator?.next())?.value].join('')
  expect(later).toContain('nobody was woken')
  stream?.stop()
})

test('a stop while waiting ends the stream at once and unsubscribes', async () => {
  const stream = await openEventStream(feed, { after: 0, heartbeatMs: 60_000 })
  const reading = idsOf(stream?.chunks)
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(watchers.size).toBe(1)
  stream?.stop()
  expect(await reading).toEqual([])
  expect(watchers.size).toBe(0)
})

test('a finished job without further events opens no stream', async () => {
  note('last')
  complete = true
  expect(await openEventStream(feed, { after: 1, heartbeatMs: 5 })).toBeNull()
  expect(watchers.size).toBe(0)
})

test('a job that cannot be read leaves no subscription', async () => {
  const broken: EventFeed = { ...feed, read: () => Promise.reject(new Error('no such job')) }
  await expect(openEventStream(broken, { after: 0, heartbeatMs: 5 })).rejects.toThrow('no such job')
  expect(watchers.size).toBe(0)
})
