import { expect, it } from 'vitest'
import { mayPass } from './api-failure.ts'
import { retry } from './retry.ts'

const failing = (errors: unknown[]) => {
  let calls = 0
  const task = async (): Promise<string> => {
    calls += 1
    if (errors.length > 0) throw errors.shift()
    return 'done'
  }
  return { task, calls: () => calls }
}
const withStatus = (status: number) => Object.assign(new Error(`status ${status}`), { status })
const FAST = { mayPass, baseMs: 1 }

it('goes on after failures that may pass', async () => {
  const { task } = failing([new TypeError('fetch failed'), withStatus(503), withStatus(429)])
  expect(await retry(task, FAST)).toBe('done')
})

it.each([400, 401, 404, 409, 413, 422])('throws status %i at once', async (status) => {
  const { task, calls } = failing([withStatus(status)])
  await expect(retry(task, FAST)).rejects.toThrow(`status ${status}`)
  expect(calls()).toBe(1)
})

it('does not repeat a fault of our own disk', async () => {
  const { task, calls } = failing([Object.assign(new Error('no such file'), { code: 'ENOENT' })])
  await expect(retry(task, FAST)).rejects.toThrow('no such file')
  expect(calls()).toBe(1)
})

it('gives up with the last error when its time is over', async () => {
  const { task, calls } = failing(Array.from({ length: 1000 }, () => withStatus(500)))
  await expect(retry(task, { ...FAST, maxMs: 10, giveUpAfterMs: 100 })).rejects.toThrow('status 500')
  expect(calls()).toBeGreaterThan(3)
})

it('stops waiting when it is told to', async () => {
  const stop = new AbortController()
  const waiting = retry(failing([withStatus(500)]).task, { mayPass, baseMs: 60_000, signal: stop.signal })
  setTimeout(() => stop.abort(new Error('enough')), 5)
  await expect(waiting).rejects.toThrow('enough')
})
