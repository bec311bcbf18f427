// IEEE 754 half precision, which JavaScript has no array for on every Node that counts here.

/** Bits of 2⁻¹⁴, the smallest normal half, as float32; and of 0.5, whose neighbours are as far apart as subnormal halves. */
const SMALLEST_NORMAL = 0x38800000
const ONE_HALF = 0x3f000000
/** The difference between the two exponent biases (127 and 15), in place. */
const REBIAS = 0x38000000

/** The largest finite half. */
export const LARGEST_HALF = 65_504

/** The nearest halves, ties to even, as their bits. @param values finite, not beyond ±LARGEST_HALF */
export function halfFloats(values: Float32Array): Uint16Array {
  const float = new Float32Array(1)
  const bits = new Uint32Array(float.buffer)
  const bitsOf = (value: number): number => {
    float[0] = value
    return bits[0] as number
  }
  return Uint16Array.from(values, (value) => {
    const sign = (bitsOf(value) >>> 16) & 0x8000
    const magnitude = bitsOf(Math.abs(value))
    if (magnitude < SMALLEST_NORMAL) return sign | (bitsOf(Math.abs(value) + 0.5) - ONE_HALF)
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
    return sign | ((rounded - REBIAS) >>> 13)
  })
}
