import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration } from './format.mjs'
import { createReporter, describeProgress } from './reporter.mjs'
import { failureOf } from './test-support.mjs'

/** @param {{tty?: boolean, quiet?: boolean}} [options] */
function reporting({ tty = false, quiet = false } = {}) {
  let text = ''
  let time = 0
  const output = { isTTY: tty, columns: 80, write: (/** @type {string} */ part) => (text += part) }
  const reporter = createReporter({ output, quiet, now: () => (time += 100) })
  return { reporter, text: () => text }
}

describe('createReporter', () => {
  it('says in one line what a step found', async () => {
    const { reporter, text } = reporting()
    await reporter.step('platform', () => ({ detail: 'linux-x64' }))
    expect(text()).toBe('✓ platform       linux-x64 (100 ms)\n')
  })

  it('when quiet, speaks only of steps that changed something', async () => {
    const { reporter, text } = reporting({ quiet: true })
    await reporter.step('platform', () => ({ detail: 'linux-x64' }))
    expect(text()).toBe('')
    await reporter.step('build', () => ({ detail: '3 projects compiled', changed: true }))
    expect(text()).toContain('✓ build          3 projects compiled')
  })

  it('without a terminal, prints a plain line for each tenth and no control characters', async () => {
    const { reporter, text } = reporting()
    await reporter.step('TensorFlow', (view) => {
      for (let done = 0; done <= 1000; done += 5) view.progress({ label: 'downloading', done, total: 1000 })
      return { detail: 'done' }
    })
    const lines = text()
      .split('\n')
      .filter((line) => line.includes('downloading'))
    expect(lines).toHaveLength(11)
    expect(text()).not.toContain('\r')
    expect(text()).not.toContain('\u001b')
  })

  it('on a terminal, draws a bar that fits the line and wipes it at the end', async () => {
    const { reporter, text } = reporting({ tty: true })
    await reporter.step('TensorFlow', (view) => {
      view.progress({ label: 'downloading', done: 60e6, total: 274e6 })
      view.progress({ label: 'downloading', done: 137e6, total: 274e6 })
      return { detail: 'done' }
    })
    expect(text()).toContain('[████████░░░░░░░░] TensorFlow: downloading  50%  137/274 MB')
    const drawn = text().split('\r\u001b[2K')
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(80)
    expect(drawn.at(-1)).toMatch(/^✓ TensorFlow {5}done/)
  })

  it('passes a failure on and claims nothing', async () => {
    const { reporter, text } = reporting()
    expect((await failureOf(() => reporter.step('x', () => Promise.reject(new Error('no'))))).message).toBe('no')
    expect(text()).toBe('')
  })
})

describe('describeProgress', () => {
  it('tells bytes, speed and the time that is left', () => {
    const progress = { label: 'downloading', done: 110e6, total: 274e6 }
    expect(describeProgress(progress, { elapsed: 2000, since: 10e6 })).toBe(
      'downloading  40%  110/274 MB  50.0 MB/s  3.3 s left',
    )
  })

  it('promises nothing before there is a speed', () => {
    expect(describeProgress({ label: 'downloading', done: 0, total: 274e6 }, { elapsed: 0, since: 0 })).toBe(
      'downloading   0%  0.0/274 MB',
    )
  })

  it('counts items without a speed', () => {
    expect(
      describeProgress({ label: 'installing', done: 3, total: 4, unit: 'items' }, { elapsed: 1000, since: 0 }),
    ).toBe('installing  75%  3/4')
  })
})

describe('formats', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.5 kB'],
    [273829956, '274 MB'],
    [3.4e9, '3.4 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it.each([
    [12, '12 ms'],
    [4200, '4.2 s'],
    [42_000, '42 s'],
    [125_000, '2 min 5 s'],
  ])('%d milliseconds are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })
})
