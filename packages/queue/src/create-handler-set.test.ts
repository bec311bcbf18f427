import { randomUUID } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { createHandlerSet } from './create-handler-set.ts'
import type { ConsumerOptions } from './job-queue.ts'

const createSet = (handle: ConsumerOptions['handle']) => {
  const report = vi.fn<(error: unknown) => void>()
  return { report, handlers: createHandlerSet({ handle, signal: new AbortController().signal, report }) }
}

describe('createHandlerSet', () => {
  it.each([null, 'text', {}, { jobId: 7, attempt: 1 }, { jobId: 'a', attempt: 1.5 }, { jobId: 'a' }])(
    'drops the message %j, which no producer of ours sent, and says so',
    async (message) => {
      const handle = vi.fn<ConsumerOptions['handle']>()
      const { handlers, report } = createSet(handle)
      await handlers.run(message)
      expect(handle).not.toHaveBeenCalled()
      expect(report).toHaveBeenCalledWith(
        new Error(`A message without jobId and attempt was dropped: ${JSON.stringify(message)}`),
      )
    },
  )

  it('runs another attempt of the same job beside the first, but no attempt twice', async () => {
    let finish = (): void => {}
    const handle = vi.fn<ConsumerOptions['handle']>(
      () =>
        new Promise((resolve) => {
          finish = resolve
        }),
    )
    const { handlers } = createSet(handle)
    const jobId = randomUUID()
    const first = handlers.run({ jobId, attempt: 1 })
    await handlers.run({ jobId, attempt: 1 })
    expect(handlers.size).toBe(1)
    finish()
    await first
    void handlers.run({ jobId, attempt: 1 })
    void handlers.run({ jobId, attempt: 2 })
    expect(handle).toHaveBeenCalledTimes(3)
    expect(handlers.size).toBe(2)
  })
})
