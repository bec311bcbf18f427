import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPulse } from './create-pulse.ts'

describe('createPulse', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('does not take a renewed lock for a sign that work is still asked for', () => {
    const pulse = createPulse()
    vi.advanceTimersByTime(1000)
    pulse.heard('other')
    expect(pulse.silentMs(true)).toBe(1000)
    expect(pulse.silentMs(false)).toBe(0)
    pulse.heard('fetch')
    vi.advanceTimersByTime(10)
    expect(pulse.silentMs(true)).toBe(10)
    expect(pulse.silentMs(false)).toBe(10)
  })

  it('gives a worker whose slots were full for hours time to ask again', () => {
    const pulse = createPulse()
    vi.advanceTimersByTime(3_600_000)
    pulse.slotFreed()
    vi.advanceTimersByTime(5)
    expect(pulse.silentMs(true)).toBe(5)
  })
})
