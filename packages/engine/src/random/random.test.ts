import { describe, expect, it } from 'vitest'
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
