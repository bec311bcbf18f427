// Conformance of the queue: one list of promises, kept by BullMQ on a real Redis and on a real PostgreSQL.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '@stillhouse/kit'
import {
  type ConsumerOptions,
  createQueueConsumer,
  createQueueProducer,
  type QueueConsumer,
  type QueueProducer,
} from '@stillhouse/queue'
import { type QueueMessage, queueIdOf } from '@stillhouse/spec'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { QueueServer, TestQueue } from './queue-servers.ts'

const logger = createLogger('queue-test', 'silent')
const timing = { lockMs: 1000, stalledCheckMs: 500, waitMs: 500, silentMs: 2000 }

/** Whose queue most tests are about. */
const WORKER = randomUUID()

const message = (attempt = 1): QueueMessage => ({ jobId: randomUUID(), attempt })
const until = (check: () => unknown, timeout = 10_000): Promise<unknown> => vi.waitFor(check, { timeout, interval: 20 })

interface Gate {
  readonly opened: Promise<void>
  readonly open: () => void
}

/** Declares the tests that every queue passes. */
export function describeQueue(name: string, startServer: () => Promise<QueueServer>): void {
  describe(`the queue on ${name}`, () => {
    let server: QueueServer
    let queue: TestQueue
    let open: { close(): Promise<void> }[]
    let errors: string[]
    let gates: Gate[]

    beforeAll(async () => {
      server = await startServer()
    })
    afterAll(() => server.stop())

    beforeEach(async () => {
      queue = await server.fresh()
      open = []
      errors = []
      gates = []
    })
    afterEach(async () => {
      for (const each of gates) each.open()
      await Promise.all(open.map((each) => each.close()))
      await queue.check()
    })

    const produceForAll = async (url = queue.url): Promise<QueueProducer> => {
      const producer = await createQueueProducer(url, { logger })
      open.push(producer)
      return producer
    }
    const produce = async () => forWorker(await produceForAll(), WORKER)

    /** A promise that the test settles, or the end of the test. */
    const gate = (): Gate => {
      let open = (): void => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      gates.push({ opened, open })
      return { opened, open }
    }

    type Handle = ConsumerOptions['handle']
    const consume = async (
      handle: Handle,
      options: Partial<ConsumerOptions> & { url?: string } = {},
    ): Promise<QueueConsumer> => {
      const consumer = await createQueueConsumer(options.url ?? queue.url, {
        workerId: WORKER,
        concurrency: 1,
        handle,
        timing,
        onError: (error) => errors.push(error.message),
        ...options,
      })
      open.push(consumer)
      return consumer
    }

    it('hands a message over, whole and alone, and forgets it', async () => {
      const [producer, sent, handled] = [await produce(), message(3), vi.fn<Handle>(async () => {})]
      const withMore = { ...sent, spec: 'x'.repeat(10_000) }
      await producer.add(withMore)
      expect(await producer.counts()).toEqual({ waiting: 1, active: 0 })
      expect(await producer.has(sent)).toBe(true)
      await consume(handled)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      expect(handled.mock.calls[0]?.[0]).toEqual(sent)
      await until(async () => expect(await producer.has(sent)).toBe(false))
      expect(await producer.counts()).toEqual({ waiting: 0, active: 0 })
      expect(errors).toEqual([])
    })

    it('takes the same attempt once, however often it is added while it waits or runs, and again afterwards', async () => {
      const [producer, sent, busy] = [await produce(), message(), gate()]
      const handled = vi.fn<Handle>(() => busy.opened)
      await Promise.all([producer.add(sent), producer.add(sent), producer.add(sent)])
      await consume(handled, { concurrency: 4 })
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await producer.add(sent)
      expect(await producer.counts()).toEqual({ waiting: 0, active: 1 })
      busy.open()
      await until(async () => expect(await producer.has(sent)).toBe(false))
      await producer.add(sent)
      await until(() => expect(handled).toHaveBeenCalledTimes(2))
    })

    it('brings a message to the worker it is for and to no other', async () => {
      const [producer, other] = [await produceForAll(), randomUUID()]
      const [sent, elsewhere] = [message(), message()]
      await producer.add(sent, WORKER)
      await producer.add(elsewhere, other)
      const handled = vi.fn<Handle>(async () => {})
      await consume(handled)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await sleep(timing.waitMs)
      expect(handled.mock.calls.map(([each]) => each)).toEqual([sent])
      expect(await producer.has(elsewhere, WORKER)).toBe(false)
      expect(await producer.counts(other)).toEqual({ waiting: 1, active: 0 })
    })

    it('deletes the queue of one worker and leaves the others alone', async () => {
      const [producer, gone] = [await produceForAll(), randomUUID()]
      const [kept, lost] = [message(), message()]
      await producer.add(kept, WORKER)
      await producer.add(lost, gone)
      await producer.forget(gone)
      expect(await producer.has(lost, gone)).toBe(false)
      expect(await producer.has(kept, WORKER)).toBe(true)
      await producer.forget(randomUUID())
    })

    it('keeps the order in which messages were added', async () => {
      const [producer, sent] = [await produce(), Array.from({ length: 12 }, (_, index) => message(index + 1))]
      for (const each of sent) await producer.add(each)
      const seen: QueueMessage[] = []
      await consume(async (each) => void seen.push(each))
      await until(() => expect(seen).toHaveLength(12))
      expect(seen).toEqual(sent)
    })

    it('gives each message to one of several consumers and fills their slots, no more', async () => {
      const [producer, sent] = [await produce(), Array.from({ length: 20 }, () => message())]
      const [seen, now, busy] = [[] as string[], [0, 0], gate()]
      const countIn =
        (index: 0 | 1): Handle =>
        async ({ jobId }) => {
          seen.push(jobId)
          now[index] = (now[index] ?? 0) + 1
          await busy.opened
        }
      await Promise.all(sent.map((each) => producer.add(each)))
      await consume(countIn(0), { concurrency: 1 })
      await consume(countIn(1), { concurrency: 3 })
      await until(() => expect(now).toEqual([1, 3]))
      await sleep(300)
      expect(now).toEqual([1, 3])
      busy.open()
      await until(async () => expect(await producer.counts()).toEqual({ waiting: 0, active: 0 }))
      expect(seen.toSorted()).toEqual(sent.map(({ jobId }) => jobId).toSorted())
    })

    it('takes a waiting message out again, but none that a worker has or that never was', async () => {
      const [producer, running, waiting, busy] = [await produce(), message(), message(), gate()]
      const handled = vi.fn<Handle>(() => busy.opened)
      await consume(handled)
      await producer.add(running)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await producer.add(waiting)
      expect(await producer.remove(running)).toBe(false)
      expect(await producer.remove(message())).toBe(false)
      expect(await producer.remove(waiting)).toBe(true)
      expect(await producer.remove(waiting)).toBe(false)
      expect(await producer.has(waiting)).toBe(false)
      expect(await producer.has(running)).toBe(true)
      busy.open()
      await until(async () => expect(await producer.counts()).toEqual({ waiting: 0, active: 0 }))
      expect(handled).toHaveBeenCalledOnce()
    })

    it('counts a message as done when its handler fails, tells why, and survives a listener that throws', async () => {
      const [producer, sent] = [await produce(), message()]
      const handled = vi.fn<Handle>(() => {
        throw new Error('the trainer is on fire')
      })
      const onError = vi.fn<ConsumerOptions['onError']>(() => {
        throw new Error('so is the listener')
      })
      await consume(handled, { onError })
      await producer.add(sent)
      await until(() => expect(onError).toHaveBeenCalledOnce())
      expect(onError.mock.calls[0]?.[0].message).toContain(`${sent.jobId}-1 failed: the trainer is on fire`)
      await until(async () => expect(await producer.has(sent)).toBe(false))
      await producer.add(sent)
      await until(() => expect(handled).toHaveBeenCalledTimes(2))
    })

    it('takes nothing more once paused, while what runs goes on, and leaves the rest to others', async () => {
      const [producer, running, later, busy] = [await produce(), message(), message(), gate()]
      const handled = vi.fn<Handle>(() => busy.opened)
      const consumer = await consume(handled, { concurrency: 2 })
      await producer.add(running)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await consumer.pause()
      await producer.add(later)
      await sleep(timing.waitMs + 300)
      expect(handled).toHaveBeenCalledOnce()
      expect(handled.mock.calls[0]?.[1].aborted).toBe(false)
      expect(await producer.counts()).toEqual({ waiting: 1, active: 1 })
      const other = vi.fn<Handle>(async () => {})
      await consume(other)
      await until(() => expect(other).toHaveBeenCalledOnce())
      expect(other.mock.calls[0]?.[0]).toEqual(later)
      busy.open()
      await until(async () => expect(await producer.has(running)).toBe(false))
    })

    it('closes by telling the handlers, waiting for them, and only then leaving', async () => {
      const [producer, sent] = [await produce(), message()]
      let ended = false
      const started = gate()
      const consumer = await consume(async (_, signal) => {
        const told = new Promise((resolve) => signal.addEventListener('abort', resolve))
        started.open()
        await told
        await sleep(300)
        ended = true
      })
      await producer.add(sent)
      await started.opened
      await Promise.all([consumer.close(), consumer.close()])
      expect(ended).toBe(true)
      expect(await producer.has(sent)).toBe(false)
      await producer.add(sent)
      await sleep(300)
      expect(await producer.counts()).toEqual({ waiting: 1, active: 0 })
      expect(errors).toEqual([])
    })

    it('hears from the queue again and again while it is idle, and while a handler fills its slots', async () => {
      const [producer, busy] = [await produce(), gate()]
      const consumer = await consume(() => busy.opened)
      const heardTwice = async (): Promise<void> => {
        let [heard, last] = [0, consumer.idleMs()]
        await until(() => {
          const idle = consumer.idleMs()
          if (idle < last) heard += 1
          last = idle
          expect(heard).toBe(2)
        })
      }
      await heardTwice()
      await producer.add(message())
      await until(async () => expect((await producer.counts()).active).toBe(1))
      await heardTwice()
      busy.open()
      await new Promise(setImmediate)
      // a slot has just become free: that nothing was asked meanwhile is no silence
      expect(consumer.idleMs()).toBeLessThan(timing.stalledCheckMs / 2)
    })

    it('delivers again what a consumer took that is no longer heard of, and leaves its handler alone', async () => {
      const [producer, sent, busy] = [await produce(), message(), gate()]
      const { url, proxy } = await queue.behindProxy()
      const lost = vi.fn<Handle>(() => busy.opened)
      const consumer = await consume(lost, { url })
      await producer.add(sent)
      await until(() => expect(lost).toHaveBeenCalledOnce())
      proxy.cut()
      const again = vi.fn<Handle>(async () => {})
      await consume(again)
      await until(() => expect(again).toHaveBeenCalledOnce())
      expect(again.mock.calls[0]?.[0]).toEqual(sent)
      expect(lost.mock.calls[0]?.[1].aborted).toBe(false)
      expect(consumer.idleMs()).toBeGreaterThan(timing.lockMs)
      await until(async () => expect(await producer.has(sent)).toBe(false))
      busy.open()
      const closedAt = Date.now()
      await consumer.close()
      expect(Date.now() - closedAt).toBeLessThan(10_000)
    })

    it('goes on when its connections die without a word, and still waits for its older handlers in the end', async () => {
      const [producer, old, later] = [await produce(), message(), message()]
      const { url, proxy } = await queue.behindProxy()
      let ended = false
      const handled = vi.fn<Handle>(async ({ jobId }, signal) => {
        if (jobId === later.jobId) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await sleep(300)
        ended = true
      })
      const consumer = await consume(handled, { url, concurrency: 2, timing: { ...timing, lockMs: 60_000 } })
      await producer.add(old)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      proxy.blackHole()
      await producer.add(later)
      await until(() => expect(handled).toHaveBeenCalledTimes(2))
      await until(() => expect(consumer.idleMs()).toBeLessThan(timing.waitMs))
      await consumer.close()
      expect(ended).toBe(true)
    })

    it('tells of a lost lock, but neither stops the handler nor runs its message twice in one process', async () => {
      const [producer, sent, busy] = [await produce(), message(), gate()]
      const handled = vi.fn<Handle>(() => busy.opened)
      await consume(handled, { concurrency: 2 })
      await producer.add(sent)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await queue.loseLock(WORKER, queueIdOf(sent))
      await until(() => expect(errors.join()).toContain(`The queue lock of ${queueIdOf(sent)} could not be renewed`))
      // it comes back to the very process that is still at it, and is dropped there
      await until(async () => expect(await producer.has(sent)).toBe(false))
      expect(handled).toHaveBeenCalledOnce()
      expect(handled.mock.calls[0]?.[1].aborted).toBe(false)
    })

    it('fills no slot twice while a handler from before a new connection still runs, and every slot afterwards', async () => {
      const [producer, old, oldBusy, busy] = [await produce(), message(), gate(), gate()]
      const { url, proxy } = await queue.behindProxy()
      const now = new Set<string>()
      const handle: Handle = async ({ jobId }) => {
        now.add(jobId)
        await (jobId === old.jobId ? oldBusy : busy).opened
        now.delete(jobId)
      }
      await consume(handle, { url, concurrency: 2, timing: { ...timing, lockMs: 60_000 } })
      await producer.add(old)
      await until(() => expect(now.size).toBe(1))
      proxy.blackHole()
      await Promise.all(Array.from({ length: 6 }, () => producer.add(message())))
      await until(() => expect(now.size).toBe(2))
      await sleep(300)
      expect(now.size).toBe(2)
      oldBusy.open()
      await until(() => expect(now).not.toContain(old.jobId))
      await until(() => expect(now.size).toBe(2))
      await sleep(300)
      expect(now.size).toBe(2)
    })

    it('works on after the server was killed and came back: producers fail fast, consumers wait, handlers go on', async () => {
      const [producer, before, busy] = [await produce(), message(), gate()]
      const handled = vi.fn<Handle>((each) => (each.jobId === before.jobId ? busy.opened : Promise.resolve()))
      const consumer = await consume(handled, { concurrency: 2 })
      await producer.add(before)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await queue.kill()
      const downAt = Date.now()
      await expect(producer.add(message())).rejects.toMatchObject({ code: 'service.unavailable' })
      await expect(producer.ping()).rejects.toMatchObject({ code: 'service.unavailable' })
      expect(Date.now() - downAt).toBeLessThan(5000)
      await until(() => expect(consumer.idleMs()).toBeGreaterThan(timing.waitMs * 2))
      await queue.start()
      await until(() => producer.ping())
      const after = message()
      await producer.add(after)
      await until(() => expect(handled.mock.calls.map(([each]) => each)).toContainEqual(after))
      expect(handled.mock.calls[0]?.[1].aborted).toBe(false)
      await until(() => expect(consumer.idleMs()).toBeLessThan(timing.waitMs + 400))
      busy.open()
      await until(async () => expect(await producer.has(after)).toBe(false))
    })

    it('works on after everything was wiped', async () => {
      const [producer, lost] = [await produce(), message()]
      await producer.add(lost)
      await queue.wipe()
      await until(() => producer.add(message()))
      const handled = vi.fn<Handle>(async () => {})
      await consume(handled)
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await queue.wipe()
      await until(() => producer.add(message()))
      await until(() => expect(handled).toHaveBeenCalledTimes(2))
      expect(await producer.has(lost)).toBe(false)
    })

    it('may be there before its server is', async () => {
      await queue.kill()
      const handled = vi.fn<Handle>(async () => {})
      const [producer, consumer] = await Promise.all([produce(), consume(handled)])
      expect(errors).toHaveLength(1)
      await expect(producer.ping()).rejects.toMatchObject({ code: 'service.unavailable' })
      await queue.start()
      await until(() => producer.add(message()))
      await until(() => expect(handled).toHaveBeenCalledOnce())
      await until(() => expect(consumer.idleMs()).toBeLessThan(timing.waitMs + 400))
    })

    it('can be closed while its server is away', async () => {
      const producer = await produce()
      const consumer = await consume(async () => {})
      await queue.kill()
      const at = Date.now()
      await Promise.all([producer.close(), consumer.close()])
      expect(Date.now() - at).toBeLessThan(12_000)
      await expect(producer.add(message())).rejects.toThrow('closed')
      await queue.start()
    })
  })
}

/** A producer that knows one worker. */
function forWorker(producer: QueueProducer, workerId: string) {
  return {
    add: (sent: QueueMessage) => producer.add(sent, workerId),
    remove: (sent: QueueMessage) => producer.remove(sent, workerId),
    has: (sent: QueueMessage) => producer.has(sent, workerId),
    counts: () => producer.counts(workerId),
    ping: producer.ping,
    close: producer.close,
  }
}
