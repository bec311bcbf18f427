import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { glyphs } from './glyphs.ts'
import { samplesOf } from './testing/samples-of.ts'

const open = (params: object = {}) =>
  glyphs.open(Value.Default(glyphs.parameters, { train: 40, test: 20, ...params }), null)

describe('glyphs', () => {
  it('draws as many pictures as asked for, the ten classes in turn', async () => {
    const { splits, signature } = await open({ size: 20 })
    expect(signature).toEqual({ inputShape: [20, 20, 1], classes: 10 })
    expect([splits.train.size, splits.test.size]).toEqual([40, 20])
    expect([...splits.test.labels]).toEqual([...Array(20).keys()].map((i) => i % 10))
  })

  it('makes a sample a function of seed, split and number alone', async () => {
    const small = (await open()).splits
    const large = (await open({ train: 80, test: 30 })).splits
    for (const name of ['train', 'test'] as const)
      expect(large[name].values.subarray(0, small[name].values.length)).toEqual(small[name].values)
    expect(small.test.values).not.toEqual(small.train.values.subarray(0, small.test.values.length))
    expect((await open({ seed: 1 })).splits.test.values).not.toEqual(small.test.values)
  })

  it('is the same set for ever: its digest is known', async () => {
    expect((await open()).digest).toBe('ba5cf60da39071057c32992a696caa887b0648c0e71e077a3e0a98768f3d50c8')
  })

  it('leaves a blank ground around its strokes when there is no noise', async () => {
    const { values, size } = (await open({ noise: 0 })).splits.train
    for (let i = 0; i < size; i++) {
      const picture = values.subarray(i * 784, (i + 1) * 784)
      const drawn = picture.filter((value) => value > 0).length
      expect(drawn).toBeGreaterThan(30)
      expect(drawn).toBeLessThan(784 / 2)
      expect(Math.max(...picture)).toBeGreaterThan(0.45 * 255)
    }
  })

  it('draws signs that their mean pictures tell apart better than chance, and not perfectly', async () => {
    const { train, test } = (await open({ train: 1000, test: 200 })).splits
    const [pictures, others] = [samplesOf(train), samplesOf(test)]
    const means = Array.from({ length: 10 }, (_, label) =>
      Float32Array.from({ length: 784 }, (_, k) => {
        let sum = 0
        for (let i = label; i < 1000; i += 10) sum += pictures[i * 784 + k] as number
        return sum / 100
      }),
    )
    const nearest = (i: number) => {
      const distances = means.map((mean) =>
        mean.reduce((sum, value, k) => sum + (value - (others[i * 784 + k] as number)) ** 2, 0),
      )
      return distances.indexOf(Math.min(...distances))
    }
    const right = test.labels.filter((label, i) => nearest(i) === label).length / 200
    expect(right).toBeGreaterThan(0.4)
    expect(right).toBeLessThan(0.95)
  })
})
