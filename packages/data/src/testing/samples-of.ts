// Samples as a training sees them, for tests.
import { readSamples, type Split } from '@stillhouse/engine'

/** @param indices default: all, in order */
export function samplesOf(split: Split, indices?: readonly number[]): Float32Array {
  const chosen = Int32Array.from(indices ?? Array.from({ length: split.size }, (_, i) => i))
  const into = new Float32Array((chosen.length * split.values.length) / split.size)
  readSamples({ split, indices: chosen, into, normalise: null })
  return into
}
