// A tfjs weight file, and its manifest entries, from the float32 one that tfjs writes.
import type { Tf } from '@stillhouse/engine'
import { quantise } from './quantise.ts'
import type { QuantisedType } from './weights-parameter.ts'

type WeightEntry = Parameters<Tf['io']['decodeWeights']>[1][number]

export interface StoredWeights {
  readonly specs: readonly WeightEntry[]
  /** Of all weights, one after another, in the order of `specs`. */
  readonly bytes: Uint8Array
}

/** @param weights all float32 @param dtype null: as they are */
export function encodeWeights(weights: StoredWeights, dtype: QuantisedType | null): StoredWeights {
  if (dtype === null) return weights
  let start = 0
  const stored = weights.specs.map((spec) => {
    const end = start + 4 * spec.shape.reduce((product, size) => product * size, 1)
    const bytes = weights.bytes.slice(start, end)
    start = end
    return encodeWeight({ spec, bytes }, dtype)
  })
  return { specs: stored.map(({ spec }) => spec), bytes: Buffer.concat(stored.map(({ bytes }) => bytes)) }
}

interface StoredWeight {
  readonly spec: WeightEntry
  readonly bytes: Uint8Array
}

function encodeWeight({ spec, bytes }: StoredWeight, dtype: QuantisedType): StoredWeight {
  const quantised = quantise({ shape: spec.shape, values: new Float32Array(bytes.buffer) }, dtype)
  if (quantised === null) return { spec, bytes }
  // As the converter of tfjs writes it, original_dtype included, which tfjs itself does not read.
  const quantization = { dtype, ...quantised.affine, original_dtype: 'float32' }
  return { spec: { ...spec, quantization }, bytes: quantised.bytes }
}
