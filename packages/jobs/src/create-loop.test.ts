import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '@stillhouse/kit'
import { expect, test, vi } from 'vitest'
import { createLoop } from './create-loop.ts'

const logger = createLogger('test', 'silent')

test('a loop runs its step at once, when woken, and on its interval', async () => {
  const stop = new AbortController()
  const step = vi.fn(async () => undefined)
  const loop = createLoop({ name: 'x', everyMs: 10_000, logger, step })
  const running = loop.run(stop.signal)
  await vi.waitFor(() => expect(step).toHaveBeenCalledTimes(1))
  loop.wake()
  await vi.waitFor(() => expect(step).toHaveBeenCalledTimes(2))
  stop.abort()
  await running
  const quick = createLoop({ name: 'x', everyMs: 5, logger, step })
  const again = new AbortController()
  const ending = quick.run(again.signal)
  await vi.waitFor(() => expect(step.mock.calls.length).toBeGreaterThan(4))
  again.abort()
  await ending
})

test('a wake-up during a step is not lost, and steps never overlap', async () => {
  const stop = new AbortController()
  let inside = 0
  let most = 0
  const step = vi.fn(async () => {
    inside += 1
    most = Math.max(most, inside)
    await sleep(20)
    inside -= 1
  })
  const loop = createLoop({ name: 'x', everyMs: 10_000, logger, step })
  const running = loop.run(stop.signal)
  await sleep(5)
  loop.wake()
  loop.wake()
  await vi.waitFor(() => expect(step).toHaveBeenCalledTimes(2))
  await sleep(60)
  expect(step).toHaveBeenCalledTimes(2)
  expect(most).toBe(1)
  stop.abort()
  await running
})

test('a step that fails does not end the loop', async () => {
  const stop = new AbortController()
  const step = vi.fn(async () => {
    throw new Error('broken')
  })
  const running = createLoop({ name: 'x', everyMs: 5, logger, step }).run(stop.signal)
  await vi.waitFor(() => expect(step.mock.calls.length).toBeGreaterThan(2))
  stop.abort()
  await running
})

test('a loop that is woken all the time rests after each step, and misses nothing', async () => {
  const stop = new AbortController()
  let [asked, seen] = [0, 0]
  const step = vi.fn(async () => {
    seen = asked
  })
  const loop = createLoop({ name: 'x', everyMs: 10_000, restMs: 40, logger, step })
  const running = loop.run(stop.signal)
  for (; asked < 50; asked += 1) {
    loop.wake()
    await sleep(2)
  }
  loop.wake()
  await vi.waitFor(() => expect(seen).toBe(50))
  expect(step.mock.calls.length).toBeLessThan(20)
  stop.abort()
  await running
})
