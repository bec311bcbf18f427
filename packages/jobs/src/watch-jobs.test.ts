import type { Listener } from '@stillhouse/db'
import { expect, test, vi } from 'vitest'
import { createJobWatch } from './watch-jobs.ts'

function fakeListener() {
  let say: (payload: string | null) => void = () => undefined
  const on: Listener['on'] = (_channel, wake) => {
    say = wake
    return () => undefined
  }
  return { listener: { on } as Listener, say: (payload: string | null) => say(payload) }
}

test('only those who follow a job are woken for it, and everybody when anything may have happened', () => {
  const { listener, say } = fakeListener()
  const watch = createJobWatch(listener)
  const [a, b] = [vi.fn(), vi.fn()]
  watch('a', a)
  watch('b', b)
  say('a')
  expect([a.mock.calls.length, b.mock.calls.length]).toEqual([1, 0])
  say(null)
  expect([a.mock.calls.length, b.mock.calls.length]).toEqual([2, 1])
})

test('each follower stops for itself, also when one function follows twice', () => {
  const { listener, say } = fakeListener()
  const watch = createJobWatch(listener)
  const wake = vi.fn()
  const stopFirst = watch('a', wake)
  const stopSecond = watch('a', wake)
  say('a')
  expect(wake).toHaveBeenCalledTimes(2)
  stopFirst()
  stopFirst()
  say('a')
  expect(wake).toHaveBeenCalledTimes(3)
  stopSecond()
  say('a')
  expect(wake).toHaveBeenCalledTimes(3)
})
