import { describe, expect, it } from 'vitest'
import { type Quantised, quantise } from './quantise.ts'

/** Numbers that are the same in every run. */
function values(length: number, { low = -0.7, high = 1.1 } = {}): Float32Array {
  return Float32Array.from({ length }, (_, i) => low + (high - low) * ((i * 0.618_033_988_75) % 1))
}

function decoded({ dtype, bytes, affine }: Quantised): number[] {
  const codes = dtype === 'uint8' ? bytes : new Uint16Array(bytes.slice().buffer)
  return Array.from(codes, (code) => code * (affine?.scale ?? Number.NaN) + (affine?.min ?? Number.NaN))
}

const kernel = { shape: [16, 16], values: values(256) }

describe.each([
  ['uint8', 255, 1],
  ['uint16', 65_535, 2],
] as const)('%s', (dtype, levels, width) => {
  it('is off by no more than one step of the range', () => {
    const quantised = quantise(kernel, dtype) as Quantised
    expect(quantised.bytes.length).toBe(256 * width)
    const scale = quantised.affine?.scale as number
    expect(scale).toBeCloseTo(1.8 / levels, 4)
    for (const [i, value] of decoded(quantised).entries())
      expect(Math.abs(value - (kernel.values[i] as number))).toBeLessThanOrEqual(scale)
  })

  it('keeps zero exactly zero, in double and in float32', () => {
    const sparse = { shape: [16, 16], values: kernel.values.map((value, i) => (i % 3 === 0 ? 0 : value)) }
    const quantised = quantise(sparse, dtype) as Quantised
    for (let i = 0; i < 256; i += 3) expect(decoded(quantised)[i]).toBe(0)
    const { scale, min } = quantised.affine as { scale: number; min: number }
    expect(Math.fround(Math.fround(Math.round(-min / scale)) * scale) + Math.fround(min)).toBe(0)
  })

  it.each([[{ low: 0.25, high: 0.5 }], [{ low: -3, high: -2 }], [{ low: 0.3, high: 0.3 }], [{ low: 0, high: 0 }]])(
    'holds a tensor of the range %j',
    (range) => {
      const weight = { shape: [256, 1], values: values(256, range) }
      const quantised = quantise(weight, dtype) as Quantised
      const worst = Math.max(...decoded(quantised).map((value, i) => Math.abs(value - (weight.values[i] as number))))
      expect(worst).toBeLessThanOrEqual((range.high - range.low) / levels + 1e-7)
    },
  )

  it('stays float32 where its scale would vanish', () => {
    expect(quantise({ shape: [2, 64], values: values(128, { low: 0, high: 1e-45 }) }, dtype)).toBeNull()
  })
})

describe('quantise', () => {
  it.each([
    ['a vector, however long', { shape: [256], values: values(256) }],
    ['a small kernel', { shape: [3, 3, 1, 8], values: values(72) }],
    ['what is not finite', { shape: [16, 16], values: values(256).fill(Number.NaN, 7, 8) }],
    ['what is infinite', { shape: [16, 16], values: values(256).fill(Number.NEGATIVE_INFINITY, 7, 8) }],
  ])('leaves %s as it is', (_what, weight) => {
    for (const dtype of ['uint8', 'uint16', 'float16'] as const) expect(quantise(weight, dtype)).toBeNull()
  })

  it('gives halves for float16, unless one is beyond the largest', () => {
    const halves = quantise(kernel, 'float16')
    expect(halves).toMatchObject({ dtype: 'float16', affine: null })
    expect(halves?.bytes.length).toBe(512)
    expect(quantise({ ...kernel, values: kernel.values.map((v) => v * 1e6) }, 'float16')).toBeNull()
  })
})
