// The queue on a real Redis: the promises of every queue, and what only Redis can do to us.
import { createLogger, EnvError } from '@stillhouse/kit'
import { createQueueConsumer, createQueueProducer } from '@stillhouse/queue'
import { redisCommand, startRedis, startTcpProxy, type TestRedis } from '@stillhouse/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeQueue } from './support/queue-conformance.ts'
import { startRedisServer } from './support/queue-servers.ts'

const logger = createLogger('queue-test', 'silent')
const consumerOptions = {
  workerId: 'w',
  concurrency: 1,
  handle: async () => {},
  onError: () => {},
}

describeQueue('Redis', startRedisServer)

describe('Redis itself', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis(['--requirepass', 'open sesame'])
  })
  afterAll(() => redis.stop())

  const urlWith = (password: string): string => redis.url.replace('//', `//:${encodeURIComponent(password)}@`)
  const command = (...words: [string, ...string[]]): Promise<unknown> => redisCommand(urlWith('open sesame'), words)

  afterEach(async () => {
    vi.unstubAllEnvs()
    await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  })

  it('is refused when it may evict keys, with the setting that helps', async () => {
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const refused = /maxmemory-policy allkeys-lru, expected noeviction.*CONFIG SET maxmemory-policy noeviction/
    await expect(createQueueProducer(urlWith('open sesame'), { logger })).rejects.toThrow(refused)
    await expect(createQueueConsumer(urlWith('open sesame'), consumerOptions)).rejects.toThrow(EnvError)
  })

  it('is accepted with evicting keys when the operator takes the risk', async () => {
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    vi.stubEnv('QUEUE_ALLOW_EVICTION', '1')
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const producer = await createQueueProducer(urlWith('open sesame'), { logger })
    await producer.counts('w')
    await producer.close()
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('allkeys-lru'))
  })

  it.each(['', 'wrong'])('is refused with the password %j, which is not repeated', async (password) => {
    const opening = createQueueProducer(urlWith(password), { logger })
    await expect(opening).rejects.toThrow(EnvError)
    await expect(opening).rejects.toThrow(/refuses the user, password or database.*(NOAUTH|WRONGPASS)/)
    await expect(opening).rejects.not.toThrow('wrong@')
  })

  it('is refused when the database of the URL does not exist, instead of using another', async () => {
    const opening = createQueueProducer(`${urlWith('open sesame')}/99`, { logger })
    await expect(opening).rejects.toThrow(EnvError)
    await expect(opening).rejects.toThrow('DB index is out of range')
  })

  it('that answers nothing makes a producer give up within seconds, and serves it again when it wakes', async () => {
    const producer = await createQueueProducer(urlWith('open sesame'), { logger })
    redis.freeze()
    const at = Date.now()
    await expect(producer.ping()).rejects.toMatchObject({ code: 'service.unavailable' })
    await expect(producer.counts('w')).rejects.toMatchObject({ code: 'service.unavailable' })
    expect(Date.now() - at).toBeLessThan(6000)
    redis.thaw()
    await vi.waitFor(() => producer.ping(), { timeout: 5000 })
    await producer.close()
  })

  it('that has silently gone makes the consumer connect anew, and say so', async () => {
    const proxy = await startTcpProxy(redis.port)
    const onError = vi.fn<(error: Error) => void>()
    const consumer = await createQueueConsumer(urlWith('open sesame').replace(`:${redis.port}`, `:${proxy.port}`), {
      ...consumerOptions,
      onError,
      timing: { waitMs: 300, silentMs: 1000 },
    })
    proxy.blackHole()
    await vi.waitFor(() => expect(onError.mock.calls.join()).toMatch(/has been silent for \d+ ms; connecting anew/), {
      timeout: 5000,
    })
    await vi.waitFor(() => expect(consumer.idleMs()).toBeLessThan(300), { timeout: 5000 })
    await consumer.close()
    await proxy.close()
  })

  it('whose memory is full is asked twice a second, not thousands of times', async () => {
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(String(await command('INFO', 'stats')))?.[1])
    await command('CONFIG', 'SET', 'maxmemory', '1')
    const onError = vi.fn<(error: Error) => void>()
    const consumer = await createQueueConsumer(urlWith('open sesame'), { ...consumerOptions, onError })
    await vi.waitFor(() => expect(onError.mock.calls.join()).toContain('OOM'), { timeout: 5000 })
    const before = await commands()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await commands()) - before).toBeLessThan(100)
    await command('CONFIG', 'SET', 'maxmemory', '0')
    await consumer.close()
  })
})
