// Mean and deviation of the values of each channel: what `data.normalise` takes off and divides by.
import type { DataSpec, Fault } from '@stillhouse/spec'
import type { Split } from '../contracts/data-format.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { ChannelStatistics } from './read-samples.ts'

/** A channel whose deviation is no more than this share of its mean is constant but for rounding. */
const CONSTANT = 1e-6

export interface MeasureChannels {
  readonly split: Split
  /** Numbers of the samples that count. */
  readonly indices: Int32Array
  /** Length of the last axis of a sample. */
  readonly channels: number
}

/**
 * Statistics of the scaled values, in two passes of float64 sums. The deviation is that of the samples as a whole (not
 * of a sample of them); of a constant channel it is given as 1, so that such a channel becomes zero and no more.
 */
export function channelStatistics(samples: MeasureChannels): ChannelStatistics {
  const mean = averages(samples, () => 0, 1)
  const variance = averages(samples, (channel) => mean[channel] as number, 2)
  return {
    mean,
    std: variance.map((value, channel) => {
      const deviation = Math.sqrt(value)
      return deviation > CONSTANT * Math.abs(mean[channel] as number) ? deviation : 1
    }),
  }
}

/** Per channel the mean of (value − centre) to the power. */
function averages(samples: MeasureChannels, centreOf: (channel: number) => number, power: 1 | 2): number[] {
  const { split, indices, channels } = samples
  const count = (indices.length * split.values.length) / split.size / channels
  return Array.from(
    { length: channels },
    (_, channel) => sumOf(samples, channel, { centre: centreOf(channel), power }) / count,
  )
}

/** Plain loops outside of any closure: the whole set passes through them. */
function sumOf(
  { split, indices, channels }: MeasureChannels,
  channel: number,
  { centre, power }: { centre: number; power: 1 | 2 },
): number {
  const { values, scale } = split
  const length = values.length / split.size
  let sum = 0
  for (const index of indices) {
    const end = (index + 1) * length
    for (let at = index * length + channel; at < end; at += channels) {
      const value = (values[at] as number) * scale - centre
      sum += power === 1 ? value : value * value
    }
  }
  return sum
}

/** Faults of lists that do not have one number per channel, relative to the data block. */
export function normaliseFaults({ normalise }: DataSpec, { inputShape }: Signature): Fault[] {
  if (normalise === undefined || normalise === 'standard') return []
  const channels = inputShape.at(-1) ?? 1
  return (['mean', 'std'] as const)
    .filter((name) => normalise[name].length !== 1 && normalise[name].length !== channels)
    .map((name) => ({
      path: `/normalise/${name}`,
      message: `${name} needs a number per channel`,
      expected: channels === 1 ? '1 number' : `1 number, or ${channels}: the last axis of [${inputShape.join(', ')}]`,
      received: `${normalise[name].length} numbers`,
    }))
}
