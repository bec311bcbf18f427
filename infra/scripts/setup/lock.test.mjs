import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { withLock } from './lock.mjs'
import { failureOf, temporaryFolder } from './test-support.mjs'

const quiet = { onWait: () => {} }

describe('withLock', () => {
  it('lets one in at a time, and tells the other that it waits', async () => {
    const path = join(temporaryFolder(), 'deep/setup.lock')
    /** @type {string[]} */
    const events = []
    const first = withLock(path, quiet, async () => {
      events.push('first in')
      await sleep(200)
      events.push('first out')
    })
    const second = withLock(path, { onWait: (owner) => events.push(`waiting for ${owner}`) }, async () => {
      events.push('second in')
    })
    await Promise.all([first, second])
    expect(events).toEqual(['first in', `waiting for ${process.pid}`, 'first out', 'second in'])
  })

  it('is released when the work fails', async () => {
    const path = join(temporaryFolder(), 'setup.lock')
    await failureOf(() => withLock(path, quiet, () => Promise.reject(new Error('no'))))
    expect(existsSync(path)).toBe(false)
  })

  it('does not wait for an owner that is dead', async () => {
    const path = join(temporaryFolder(), 'setup.lock')
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }))
    expect(await withLock(path, { onWait: () => expect.unreachable() }, async () => 'in')).toBe('in')
  })

  it('does not wait for an owner elsewhere that has shown no life for a minute', async () => {
    const path = join(temporaryFolder(), 'setup.lock')
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: 'another-container' }))
    const before = new Date(Date.now() - 61_000)
    utimesSync(path, before, before)
    expect(await withLock(path, { onWait: () => expect.unreachable() }, async () => 'in')).toBe('in')
  })
})
