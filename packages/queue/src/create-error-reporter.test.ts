import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createErrorReporter } from './create-error-reporter.ts'

describe('createErrorReporter', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('tells an error that keeps coming once in ten seconds, and others at once', () => {
    const told: string[] = []
    const report = createErrorReporter((error) => told.push(error.message))
    for (let second = 0; second < 25; second += 1) {
      report(new Error('connection refused'))
      vi.advanceTimersByTime(1000)
    }
    report(new Error('out of memory'))
    expect(told).toEqual(['connection refused', 'connection refused', 'connection refused', 'out of memory'])
  })

  it('keeps errors without a message apart by their code', () => {
    const told = vi.fn()
    const report = createErrorReporter(told)
    for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 'ECONNREFUSED']) report(Object.assign(new Error(), { code }))
    expect(told).toHaveBeenCalledTimes(2)
  })

  it('remembers only so many messages', () => {
    const told = vi.fn()
    const report = createErrorReporter(told)
    for (let index = 0; index < 250; index += 1) report(new Error(`request ${index} failed`))
    report(new Error('request 0 failed'))
    expect(told).toHaveBeenCalledTimes(251)
  })

  it('survives a listener that throws, and an error that is none', () => {
    const told = vi.fn(() => {
      throw new Error('no')
    })
    createErrorReporter(told)('just text')
    expect(told).toHaveBeenCalledWith(new Error('just text'))
  })
})
