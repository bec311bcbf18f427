import { describe, expect, it } from 'vitest'
import { addNormals } from './add-normals.ts'
import { drawBeta } from './draw-beta.ts'
import { permutation } from './permutation.ts'
import { randomKey } from './random-key.ts'
import { randomStream } from './random-stream.ts'
import { threefry } from './threefry.ts'

// Known answers of the Random123 distribution (kat_vectors, threefry2x32, 20 rounds).
const KNOWN = [
  { key: [0, 0], counter: [0, 0], words: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], words: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], words: [0xc4923a9c, 0x483df7a0] },
] as const

describe('the counter-based generator', () => {
  it.each(KNOWN)('gives the published words $words', ({ key, counter, words }) => {
    const out = new Uint32Array(2)
    threefry(Uint32Array.from(key), counter[0], counter[1], out)
    expect([...out]).toEqual([...words])
  })

  it('keys differ for every part, in every place', () => {
    const keys = [
      randomKey(1),
      randomKey(2),
      randomKey(1, 'a'),
      randomKey(1, 'ab', 'c'),
      randomKey(1, 'a', 'bc'),
      randomKey(1, 0),
      randomKey(1, 2 ** 33),
    ]
    expect(new Set(keys.map((key) => key.join())).size).toBe(keys.length)
    expect(randomKey(7, 'student', 3)).toEqual(randomKey(7, 'student', 3))
  })

  it('draws uniform and normal numbers with the moments they should have', () => {
    const random = randomStream(randomKey(3, 'moments'))
    const uniform = Array.from({ length: 20_000 }, () => random.uniform())
    const normal = Array.from({ length: 20_000 }, () => random.normal())
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(uniform)).toBeCloseTo(0.5, 2)
    expect(mean(normal)).toBeCloseTo(0, 1)
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1)
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
  })

  it('orders every number once, differently for another epoch', () => {
    const first = permutation(1000, randomKey(5, 'order', 0))
    const second = permutation(1000, randomKey(5, 'order', 1))
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(first).not.toEqual(second)
    expect(permutation(1000, randomKey(5, 'order', 0))).toEqual(first)
  })
})

describe('noise for whole samples', () => {
  const normals = (size: number, deviation = 1, key = randomKey(4, 'noise')) => {
    const values = new Float32Array(size)
    addNormals(values, deviation, key)
    return values
  }
  /** Standard normal distribution function, by Zelen & Severo's formula (error below 1e-7). */
  const below = (x: number): number => {
    if (x < 0) return 1 - below(-x)
    const t = 1 / (1 + 0.2316419 * x)
    const sum = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    return 1 - (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum
  }

  it('is normal: everywhere between −4 and 4 as much of it lies below as should', () => {
    const sorted = normals(2_000_000).sort()
    let distance = 0
    for (let i = 0; i < sorted.length; i += 37)
      distance = Math.max(distance, Math.abs((i + 0.5) / sorted.length - below(sorted[i] as number)))
    // Kolmogorov–Smirnov: 1.95 / √n is passed by chance once in a thousand
    expect(distance).toBeLessThan(1.95 / Math.sqrt(sorted.length))
    // moments 2 and 4 within four deviations of what so many numbers give
    const moment = (power: number) => sorted.reduce((sum, value) => sum + value ** power, 0) / sorted.length
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / sorted.length))
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / sorted.length))
    // the tail, which has a way of its own: 2 · 2000000 · P(x > 3.4426) = 1152
    const tail = sorted.filter((value) => Math.abs(value) > 3.442619855899).length
    expect(Math.abs(tail - 1152)).toBeLessThan(5 * Math.sqrt(1152))
    expect(Math.max(...sorted.subarray(-10))).toBeGreaterThan(4)
  })

  it('is a function of its key, of its deviation in proportion, and added to what is there', () => {
    const [once, twice] = [normals(50), normals(50, 2)]
    expect([...twice]).toEqual([...once].map((value) => 2 * value))
    expect(normals(50)).toEqual(once)
    expect(normals(50, 1, randomKey(5, 'noise'))).not.toEqual(once)
    const values = new Float32Array(50).fill(8)
    addNormals(values, 1, randomKey(4, 'noise'))
    expect(values[7]).toBeCloseTo(8 + (once[7] as number), 5)
  })
})

describe('beta draws', () => {
  it.each([0.001, 0.2, 1, 10])('have the mean and variance of Beta(a, a), a = %f', (alpha) => {
    const random = randomStream(randomKey(6, 'beta'))
    const draws = Array.from({ length: 20_000 }, () => drawBeta(alpha, random))
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length
    const variance = draws.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / draws.length
    expect(draws.every((value) => value >= 0 && value <= 1)).toBe(true)
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
    expect(variance / (1 / (4 * (2 * alpha + 1)))).toBeCloseTo(1, 1)
  })

  it('are uniform for a = 1', () => {
    const random = randomStream(randomKey(7, 'beta'))
    const sorted = Array.from({ length: 20_000 }, () => drawBeta(1, random)).sort((a, b) => a - b)
    const distance = Math.max(...sorted.map((value, i) => Math.abs(value - i / sorted.length)))
    expect(distance).toBeLessThan(1.95 / Math.sqrt(sorted.length))
  })
})
