// Samples of a split as a network sees them: scaled, and normalised where the job asks for it.
import type { Split } from '../contracts/data-format.ts'

/** Per channel (last axis): a value v becomes (v − mean) / std. */
export interface ChannelStatistics {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

export interface ReadSamples {
  readonly split: Split
  readonly indices: Int32Array
  /** length ≥ indices.length × product(inputShape) */
  readonly into: Float32Array
  readonly normalise: ChannelStatistics | null
}

/**
 * Writes the samples at `indices` into `into`, one after another.
 * @throws RangeError when `into` is too small or an index is no sample of the split
 */
export function readSamples({ split, indices, into, normalise }: ReadSamples): void {
  const length = split.values.length / split.size
  const room = indices.length * length
  if (into.length < room) throw new RangeError(`room for ${room} values expected, received ${into.length}`)
  const { values, scale } = split
  let to = 0
  for (const index of indices) {
    if (index < 0 || index >= split.size)
      throw new RangeError(`sample 0 to ${split.size - 1} expected, received ${index}`)
    const from = index * length
    // plain loops: this runs for every pixel of every batch
    for (let i = from; i < from + length; i++) into[to++] = (values[i] as number) * scale
  }
  if (normalise !== null) normalised(into.subarray(0, room), normalise)
}

function normalised(values: Float32Array, { mean, std }: ChannelStatistics): void {
  const channels = mean.length
  for (let channel = 0; channel < channels; channel++) {
    const [centre, spread] = [mean[channel] as number, std[channel] as number]
    for (let i = channel; i < values.length; i += channels) values[i] = ((values[i] as number) - centre) / spread
  }
}
