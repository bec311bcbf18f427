import type { AugmentSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { randomKey } from '../random/random-key.ts'
import { createAugment } from './create-augment.ts'
import { rotateImage } from './rotate-image.ts'

const key = randomKey(1, 'augment')

describe('augmentation', () => {
  const image = () => Float32Array.from({ length: 16 }, (_, i) => i + 1)
  const apply = (spec: AugmentSpec, index: number) => {
    const sample = image()
    createAugment({ spec, inputShape: [4, 4, 1], key })?.(sample, { epoch: 0, index })
    return [...sample]
  }
  const rows = (values: number[]) => [0, 4, 8, 12].map((start) => values.slice(start, start + 4))
  const all = (spec: AugmentSpec) => Array.from({ length: 60 }, (_, index) => rows(apply(spec, index)))

  it('shifts by up to the given number of pixels in every direction, filling with zeros', () => {
    const source = rows([...image()])
    const moved = (dy: number, dx: number) => source.map((row, y) => row.map((_, x) => source[y - dy]?.[x - dx] ?? 0))
    const expected = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => JSON.stringify(moved(dy, dx))))
    expect(new Set(all({ shift: 1 }).map((result) => JSON.stringify(result)))).toEqual(new Set(expected))
  })

  it('shifts a small image out of sight without writing elsewhere', () => {
    const room = Float32Array.from({ length: 12 }, (_, i) => i)
    const augment = createAugment({ spec: { shift: 9 }, inputShape: [2, 2, 1], key })
    for (let index = 0; index < 40; index++) augment?.(room.subarray(4, 8), { epoch: 0, index })
    expect([...room]).toEqual([0, 1, 2, 3, 0, 0, 0, 0, 8, 9, 10, 11])
  })

  it('flips about half of the samples', () => {
    const source = rows([...image()])
    const flipped = JSON.stringify(source.map((row) => row.toReversed()))
    const results = all({ flip: true }).map((result) => JSON.stringify(result))
    const count = results.filter((result) => result === flipped).length
    expect(results.filter((result) => result === JSON.stringify(source)).length).toBe(60 - count)
    expect(count).toBeGreaterThan(15)
    expect(count).toBeLessThan(45)
  })

  it('cuts a square that may reach over the edge', () => {
    const zeros = all({ cutout: 2 }).map((result) => result.flat().filter((value) => value === 0).length)
    expect(new Set(zeros)).toEqual(new Set([1, 2, 4]))
  })

  it('adds noise of the given deviation', () => {
    const differences = Array.from({ length: 60 }, (_, index) =>
      apply({ noise: 0.5 }, index).map((value, i) => value - i - 1),
    ).flat()
    expect(Math.sqrt(differences.reduce((sum, value) => sum + value ** 2, 0) / differences.length)).toBeCloseTo(0.5, 1)
  })

  it('rotates by angles up to the given one in both directions', () => {
    const bar = Float32Array.from({ length: 21 * 21 }, (_, i) => (i % 21 === 10 ? 1 : 0))
    const lean = (index: number) => {
      const sample = bar.slice()
      createAugment({ spec: { rotate: 30 }, inputShape: [21, 21, 1], key })?.(sample, { epoch: 0, index })
      // where the bar stands in the row 8 above the centre
      const row = sample.slice(2 * 21, 3 * 21)
      const weight = row.reduce((sum, value) => sum + value, 0)
      return Math.atan2(row.reduce((sum, value, x) => sum + value * (10 - x), 0) / weight, 8) * (180 / Math.PI)
    }
    const angles = Array.from({ length: 100 }, (_, index) => lean(index))
    expect(Math.max(...angles)).toBeGreaterThan(25)
    expect(Math.min(...angles)).toBeLessThan(-25)
    expect(Math.max(...angles.map(Math.abs))).toBeLessThan(32)
    expect(angles.filter((angle) => Math.abs(angle) < 15).length).toBeGreaterThan(35)
  })

  it('is nothing when nothing is asked for that changes one sample', () => {
    expect(createAugment({ spec: { flip: false, shift: 0, mixup: 1 }, inputShape: [4, 4, 1], key })).toBeUndefined()
  })
})

describe('rotation', () => {
  const rotated = (source: Float32Array, [height, width, channels]: [number, number, number], degrees: number) => {
    const into = new Float32Array(source.length)
    rotateImage({ source, into, shape: { height, width, channels }, radians: (degrees * Math.PI) / 180 })
    return [...into].map((value) => Math.round(value * 1e4) / 1e4)
  }
  const side = 5
  const source = Float32Array.from({ length: side * side * 2 }, (_, i) => i + 1)
  const at = (y: number, x: number, c: number) => source[(y * side + x) * 2 + c]
  const every = (value: (y: number, x: number, c: number) => number | undefined) =>
    Array.from({ length: side * side * 2 }, (_, i) =>
      value(Math.floor(i / (2 * side)), Math.floor(i / 2) % side, i % 2),
    )

  it('by 90 degrees is the transposition upside down: counter-clockwise', () => {
    expect(rotated(source, [side, side, 2], 90)).toEqual(every((y, x, c) => at(x, side - 1 - y, c)))
    expect(rotated(source, [side, side, 2], -90)).toEqual(every((y, x, c) => at(side - 1 - x, y, c)))
  })

  it('by 180 degrees turns an image of even sides about the point between its pixels', () => {
    expect(rotated(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 4, 1], 180)).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
  })

  it('by nothing changes nothing', () => {
    expect(rotated(source, [side, side, 2], 0)).toEqual([...source])
  })

  it('by 45 degrees takes values between pixels, and zeros from outside', () => {
    // corners of a 3×3 image come from √2 beside the centre: 1 − (√2 − 1) of the edge's middle is inside
    const values = rotated(new Float32Array(9).fill(1), [3, 3, 1], 45)
    const corner = Math.round((2 - Math.SQRT2) * 1e4) / 1e4
    expect(values).toEqual([corner, 1, corner, 1, 1, 1, corner, 1, corner])
  })
})
