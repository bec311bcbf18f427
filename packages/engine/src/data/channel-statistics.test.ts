import { describe, expect, it } from 'vitest'
import { channelStatistics, normaliseFaults } from './channel-statistics.ts'

const measure = (values: Uint8Array | Float32Array, channels: number, indices = [0, 1], scale = 1) =>
  channelStatistics({
    split: { size: 3, labels: new Int32Array(3), values, scale },
    indices: Int32Array.from(indices),
    channels,
  })

describe('statistics of channels', () => {
  it('are those of the scaled values of the samples asked for, channel by channel', () => {
    // per sample two pixels of two channels
    const values = Uint8Array.of(0, 10, 20, 10, 40, 10, 60, 50, 255, 255, 255, 255)
    const { mean, std } = measure(values, 2, [0, 1], 0.1)
    expect(mean[0]).toBeCloseTo(3, 12)
    expect(mean[1]).toBeCloseTo(2, 12)
    expect(std[0]).toBeCloseTo(Math.sqrt(5), 12)
    expect(std[1]).toBeCloseTo(Math.sqrt(3), 12)
  })

  it('stay exact far from zero', () => {
    const { mean, std } = measure(Float32Array.of(1e6, 1e6 + 2, 0), 1)
    expect(mean).toEqual([1e6 + 1])
    expect(std).toEqual([1])
  })

  it('divide a constant channel by 1', () => {
    expect(measure(Float32Array.of(0, 0, 5), 1).std).toEqual([1])
    expect(measure(Uint8Array.of(7, 7, 5), 1, [0, 1], 1 / 255).std).toEqual([1])
    expect(measure(Float32Array.of(0, 2e-9, 5), 1).std[0]).toBeCloseTo(1e-9, 15)
  })
})

describe('lists of statistics', () => {
  const faults = (mean: number[], std: number[], inputShape: number[]) =>
    normaliseFaults({ name: 'd', seed: 0, balanced: true, normalise: { mean, std } }, { inputShape, classes: 2 })

  it('have one number, or one per channel', () => {
    expect(faults([0], [1], [8, 8, 3])).toEqual([])
    expect(faults([0, 0, 0], [1], [8, 8, 3])).toEqual([])
  })

  it('are refused with other lengths, each with its path', () => {
    expect(faults([0, 0], [1, 1, 1, 1], [8, 8, 3])).toEqual([
      {
        path: '/normalise/mean',
        message: 'mean needs a number per channel',
        expected: '1 number, or 3: the last axis of [8, 8, 3]',
        received: '2 numbers',
      },
      expect.objectContaining({ path: '/normalise/std', received: '4 numbers' }),
    ])
  })
})
