import * as tf from '@tensorflow/tfjs'
import { expect, it } from 'vitest'
import { halfFloats, LARGEST_HALF } from './half-floats.ts'

/** As stock tfjs reads them. */
function decoded(bits: Uint16Array): number[] {
  const specs = [
    { name: 'w', shape: [bits.length], dtype: 'float32' as const, quantization: { dtype: 'float16' as const } },
  ]
  const { w } = tf.io.decodeWeights(new Uint8Array(bits.slice().buffer).buffer, specs)
  return [...(w?.dataSync() ?? [])]
}

it('knows the bits of well-known numbers', () => {
  const values = [0, 1, -1, 0.5, 2, 1 / 3, LARGEST_HALF, 2 ** -14, 2 ** -24, -(2 ** -24)]
  const bits = [0, 0x3c00, 0xbc00, 0x3800, 0x4000, 0x3555, 0x7bff, 0x0400, 0x0001, 0x8001]
  expect([...halfFloats(Float32Array.from(values))]).toEqual(bits)
})

it('takes the nearest, and of two as near the even one', () => {
  const step = 2 ** -10
  const values = [1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, 2 ** -25, 1.5 * 2 ** -24, 0.9 * 2 ** -14]
  expect([...halfFloats(Float32Array.from(values))].slice(0, 5)).toEqual([0x3c00, 0x3c02, 0x3c01, 0, 2])
  const [last] = decoded(halfFloats(Float32Array.of(0.9 * 2 ** -14)))
  expect(Math.abs((last as number) - 0.9 * 2 ** -14)).toBeLessThanOrEqual(2 ** -25)
})

it('gives back every half, subnormals too, when it is written again', () => {
  const all = Uint16Array.from({ length: 0x7c00 }, (_, i) => i)
  expect(halfFloats(Float32Array.from(decoded(all)))).toEqual(all)
})
