import type { IQueueBackend } from 'bullmq'
import { describe, expect, it, vi } from 'vitest'
import { observeBackend } from './observe-backend.ts'

/** The round trips of a backend, each answering what the test says. */
function createBackend(answer: () => Promise<never[]>) {
  const backend = {
    maximumBlockTimeout: 3600,
    moveToActive: answer,
    moveToCompleted: answer,
    extendLocks: answer,
    moveStalledJobsToWait: answer,
  }
  return backend as unknown as IQueueBackend
}

describe('observeBackend', () => {
  it('makes an idle worker ask again after the wait, not after the hour that PostgreSQL would allow', () => {
    const observed = observeBackend(
      createBackend(async () => []),
      { heard: () => {}, waitMs: 5000 },
    )
    expect(observed.maximumBlockTimeout).toBe(5)
  })

  it('tells answers to a request for work from other answers', async () => {
    const heard = vi.fn()
    const observed = observeBackend(
      createBackend(async () => []),
      { heard, waitMs: 5000 },
    )
    await observed.moveStalledJobsToWait()
    await observed.extendLocks(['a'], ['token'], 1000)
    expect(heard.mock.calls).toEqual([['other'], ['other']])
    await observed.moveToActive('token')
    expect(heard).toHaveBeenLastCalledWith('fetch')
  })

  it('hears nothing in a failure, and holds a failed request for work back before it is repeated', async () => {
    const heard = vi.fn()
    const fault = new Error('OOM')
    const observed = observeBackend(
      createBackend(() => Promise.reject(fault)),
      { heard, waitMs: 5000 },
    )
    await expect(observed.moveStalledJobsToWait()).rejects.toBe(fault)
    const askedAt = Date.now()
    await expect(observed.moveToActive('token')).rejects.toBe(fault)
    expect(Date.now() - askedAt).toBeGreaterThan(400)
    expect(heard).not.toHaveBeenCalled()
  })
})
