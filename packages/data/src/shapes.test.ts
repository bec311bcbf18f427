import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { shapes } from './shapes.ts'
import { SHAPES, type Shape } from './shared/draw-shape.ts'

const open = (params: object = {}) =>
  shapes.open(Value.Default(shapes.parameters, { train: 40, test: 20, size: 24, ...params }), null)
const sample = async (params: object, i: number) => {
  const { values, size } = (await open(params)).splits.train
  const length = values.length / size
  return values.subarray(i * length, (i + 1) * length)
}

describe('shapes', () => {
  it('draws as many samples of every class as asked for, in the order of its kinds', async () => {
    const { splits, signature } = await open({ kinds: ['disc', 'cross', 'square'], channels: 1 })
    expect(signature).toEqual({ inputShape: [24, 24, 1], classes: 3 })
    expect([splits.train.size, splits.test.size]).toEqual([40, 20])
    expect([...splits.test.labels.slice(0, 5)]).toEqual([0, 1, 2, 0, 1])
  })

  it('makes a sample a function of seed, split and number alone', async () => {
    const small = (await open()).splits
    const large = (await open({ train: 80, test: 30 })).splits
    for (const name of ['train', 'test'] as const)
      expect(large[name].values.subarray(0, small[name].values.length)).toEqual(small[name].values)
    expect(small.test.values).not.toEqual(small.train.values.subarray(0, small.test.values.length))
    expect(await sample({ seed: 1 }, 0)).not.toEqual(await sample({}, 0))
  })

  it('is the same set for ever: its digest is known', async () => {
    expect((await open()).digest).toBe('f5e8ff2b6e9b25eb10eab54ff4d55d314b94cc1bca9cf58fc831d4176707972f')
  })

  it('has another digest with any other parameter', async () => {
    const changes = [{}, { seed: 1 }, { noise: 0 }, { texture: 0 }, { channels: 1 }, { kinds: ['disc', 'cross'] }]
    const digests = await Promise.all(changes.map(async (change) => (await open(change)).digest))
    expect(new Set(digests).size).toBe(changes.length)
  })

  it('draws one shape on a ground of one colour when there is neither texture nor noise', async () => {
    for (let i = 0; i < 8; i++) {
      const picture = await sample({ texture: 0, noise: 0, channels: 1 }, i)
      const ground = picture[0] as number
      const drawn = picture.filter((value) => value !== ground)
      const colour = Math.max(...drawn.map((value) => Math.abs(value - ground)))
      expect(colour).toBeGreaterThan(0.24 * 255)
      expect(drawn.length).toBeGreaterThan(15)
      expect(drawn.length).toBeLessThan((24 * 24) / 2)
    }
  })

  it('tells its shapes apart by how much of their bounding circle they fill', async () => {
    const share = async (shape: Shape) => {
      const kinds = [shape, SHAPES.find((other) => other !== shape)]
      const picture = await sample({ kinds, texture: 0, noise: 0, channels: 1, size: 200, train: 4, test: 4 }, 0)
      const at = [...picture.keys()].filter((pixel) => picture[pixel] !== picture[0])
      const [x, y] = [at.map((pixel) => pixel % 200), at.map((pixel) => Math.floor(pixel / 200))]
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
      const [mx, my] = [mean(x), mean(y)]
      const reach = Math.max(...at.map((_, i) => Math.hypot((x[i] ?? 0) - mx, (y[i] ?? 0) - my)))
      return at.length / (Math.PI * reach ** 2)
    }
    expect(await share('disc')).toBeCloseTo(1, 1)
    expect(await share('square')).toBeCloseTo(2 / Math.PI, 1)
    expect(await share('triangle')).toBeCloseTo((3 * Math.sqrt(3)) / (4 * Math.PI), 1)
    expect(await share('cross')).toBeLessThan(0.65)
    expect(await share('cross')).toBeGreaterThan(0.45)
  })

  it('refuses more than fits into memory', async () => {
    await expect(open({ train: 200_000, size: 256, noise: 0 })).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('data.params.train: the samples do not fit into memory'),
    })
  })
})
