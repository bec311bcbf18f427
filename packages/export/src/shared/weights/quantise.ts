// Weights in fewer bits, one scale and offset per tensor: what tfjs weight manifests describe, so that stock runtimes
// undo it. Every format stores the same numbers, since all ask here.
import { halfFloats, LARGEST_HALF } from './half-floats.ts'
import type { QuantisedType } from './weights-parameter.ts'

export interface Quantised {
  readonly dtype: QuantisedType
  /** Codes, little-endian, in the order of the values. */
  readonly bytes: Uint8Array
  /** value = code · scale + min; null for float16, whose codes are the values. */
  readonly affine: { readonly scale: number; readonly min: number } | null
}

export interface Weight {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** Below this many numbers, saying how to read the codes takes about as many bytes as they save. */
const FEWEST = 128

/**
 * The weight in fewer bits, or null when it is to stay float32: vectors (biases, and batch norm's four, whose variance
 * divides and which together are a few thousandths of a network), small tensors, and what the type cannot hold.
 */
export function quantise({ shape, values }: Weight, dtype: QuantisedType): Quantised | null {
  if (shape.length < 2 || values.length < FEWEST) return null
  const { low, high } = rangeOf(values)
  if (!Number.isFinite(low) || !Number.isFinite(high)) return null
  if (dtype !== 'float16') return affinely(values, { dtype, low, high })
  if (Math.max(-low, high) > LARGEST_HALF) return null
  return { dtype, bytes: bytesOf(halfFloats(values)), affine: null }
}

interface Affinely {
  readonly dtype: 'uint8' | 'uint16'
  readonly low: number
  readonly high: number
}

/** No value is off by more than `scale`. */
function affinely(values: Float32Array, { dtype, low, high }: Affinely): Quantised | null {
  const codes = dtype === 'uint8' ? new Uint8Array(values.length) : new Uint16Array(values.length)
  if (low === high) return { dtype, bytes: bytesOf(codes), affine: { scale: 1, min: low } }
  const levels = dtype === 'uint8' ? 0xff : 0xffff
  // A float32, so that runtimes that compute in float32 read the same scale as those that compute in double.
  const scale = Math.fround((high - low) / levels)
  if (scale === 0) return null
  // Zero stays zero: pruned weights, and what a padded map is multiplied with.
  const min = low <= 0 && high >= 0 ? 0 - Math.round(-low / scale) * scale : Math.fround(low)
  for (const [i, value] of values.entries()) codes[i] = Math.min(levels, Math.max(0, Math.round((value - min) / scale)))
  return { dtype, bytes: bytesOf(codes), affine: { scale, min } }
}

/** NaN anywhere makes both NaN. */
function rangeOf(values: Float32Array): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return { low, high }
}

function bytesOf(codes: Uint8Array | Uint16Array): Uint8Array {
  return new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength)
}
