// What waits in a worker's queue can be listed, on both backends: the reconciler compares it with the database.
import { randomUUID } from 'node:crypto'
import { createLogger } from '@stillhouse/kit'
import { createQueueConsumer, createQueueProducer } from '@stillhouse/queue'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startPostgresServer, startRedisServer } from './support/queue-servers.ts'

const logger = createLogger('queue-test', 'silent')

describe.each([
  ['Redis', startRedisServer],
  ['PostgreSQL', startPostgresServer],
])('the queue on %s', (_name, startServer) => {
  let server: Awaited<ReturnType<typeof startServer>>
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.stop())

  it('lists what waits for one worker, up to a limit, and not what the worker has taken', async () => {
    const queue = await server.fresh()
    const [worker, other] = [randomUUID(), randomUUID()]
    const producer = await createQueueProducer(queue.url, { logger })
    const sent = [1, 2, 3].map((attempt) => ({ jobId: randomUUID(), attempt }))
    for (const message of sent) await producer.add(message, worker)
    await producer.add({ jobId: randomUUID(), attempt: 1 }, other)
    const list = async () => (await producer.waiting(worker, 10)).toSorted((a, b) => a.attempt - b.attempt)
    expect(await list()).toEqual(sent)
    expect(sent).toEqual(expect.arrayContaining(await producer.waiting(worker, 2)))
    expect(await producer.waiting(worker, 2)).toHaveLength(2)
    expect(await producer.waiting(randomUUID(), 10)).toEqual([])
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const handle = vi.fn(() => released)
    const consumer = await createQueueConsumer(queue.url, {
      workerId: worker,
      concurrency: 1,
      handle,
      onError: () => {},
    })
    await vi.waitFor(() => expect(handle).toHaveBeenCalledOnce(), { timeout: 20_000 })
    expect(await list()).toEqual(sent.slice(1))
    await consumer.pause()
    release()
    await consumer.close()
    await producer.close()
    await queue.check()
  })
})
