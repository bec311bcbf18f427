import { describe, expect, it } from 'vitest'
import { optdigits } from './optdigits.ts'
import { samplesOf } from './testing/samples-of.ts'

describe('optdigits', () => {
  it('has 1,797 digits of 8×8 in a split of 1,000 and 797, unless told otherwise', async () => {
    const { splits, signature } = await optdigits.open({ train: 1000 }, null)
    expect(signature).toEqual({ inputShape: [8, 8, 1], classes: 10 })
    expect([splits.train.size, splits.test.size]).toEqual([1000, 797])
    const other = await optdigits.open({ train: 150 }, null)
    expect([other.splits.train.size, other.splits.test.size]).toEqual([150, 1647])
    expect([...other.splits.train.labels]).toEqual([...splits.train.labels.slice(0, 150)])
  })

  it('keeps every digit of the set: as many of each as UCI counts', async () => {
    const { train, test } = (await optdigits.open({ train: 1000 }, null)).splits
    const counts = Array.from({ length: 10 }, () => 0)
    for (const label of [...train.labels, ...test.labels]) counts[label] = (counts[label] ?? 0) + 1
    expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
  })

  it('has every digit about equally often in both splits', async () => {
    const { train, test } = (await optdigits.open({ train: 1000 }, null)).splits
    for (const { labels, size } of [train, test])
      for (let digit = 0; digit < 10; digit++) {
        const share = labels.filter((label) => label === digit).length / size
        expect(share).toBeGreaterThan(0.08)
        expect(share).toBeLessThan(0.12)
      }
  })

  it('scales ink to [0, 1] in steps of a sixteenth', async () => {
    const { train } = (await optdigits.open({ train: 1000 }, null)).splits
    const values = samplesOf(train)
    expect(Math.min(...values)).toBe(0)
    expect(Math.max(...values)).toBe(1)
    expect(values.every((value) => Number.isInteger(value * 16))).toBe(true)
  })

  it('is the same split for ever: its digest is known', async () => {
    const { digest } = await optdigits.open({ train: 1000 }, null)
    expect(digest).toBe('5f72dc26acf84468ad96a61368f62df81dd3c0a1f6836749fef07a48dc007e6c')
  })
})
