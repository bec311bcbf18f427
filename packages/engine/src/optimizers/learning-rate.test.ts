import type { ScheduleSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { learningRateShare } from './learning-rate.ts'

describe('learningRateShare', () => {
  it('stays at one when constant', () => {
    expect([0, 3, 10].map((epoch) => learningRateShare({ name: 'constant' }, epoch, 10))).toEqual([1, 1, 1])
  })

  it('drops by the factor at each milestone', () => {
    const schedule: ScheduleSpec = { name: 'step', milestones: [3, 6], factor: 0.5 }
    expect([0, 2.99, 3, 6, 9].map((epoch) => learningRateShare(schedule, epoch, 10))).toEqual([1, 1, 0.5, 0.25, 0.25])
    expect(learningRateShare({ name: 'step', milestones: [1] }, 1, 2)).toBe(0.1)
  })

  it('falls along half a cosine from one to the floor', () => {
    const schedule = { name: 'cosine', floor: 0.1 } as const
    const [start, middle, end] = [0, 5, 10].map((epoch) => learningRateShare(schedule, epoch, 10))
    expect([start, end]).toEqual([1, 0.1])
    expect(middle).toBeCloseTo(0.55, 12)
  })

  it('falls in a straight line to the floor', () => {
    const shares = [0, 5, 10].map((epoch) => learningRateShare({ name: 'linear', floor: 0.2 }, epoch, 10))
    expect(shares[0]).toBe(1)
    expect(shares[1]).toBeCloseTo(0.6, 12)
    expect(shares[2]).toBeCloseTo(0.2, 12)
  })

  it('rises along the ramp of consistency weights, then stays', () => {
    const shares = [0, 40, 80, 200].map((epoch) => learningRateShare({ name: 'ramp', rampEpochs: 80 }, epoch, 300))
    expect(shares[0]).toBeCloseTo(0.00674, 5)
    expect(shares[1]).toBeCloseTo(0.2865, 4)
    expect(shares.slice(2)).toEqual([1, 1])
  })

  it('climbs linearly through the warm-up, and the cosine begins after it', () => {
    const schedule = { name: 'cosine', warmupEpochs: 2 } as const
    const shares = [0, 0.5, 1, 2, 6, 10].map((epoch) => learningRateShare(schedule, epoch, 10))
    expect(shares.slice(0, 4)).toEqual([0, 0.25, 0.5, 1])
    expect(shares[4]).toBeCloseTo(0.5, 12)
    expect(shares[5]).toBeCloseTo(0, 12)
  })
})
