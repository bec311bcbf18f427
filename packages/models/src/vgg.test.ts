import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { vgg } from './vgg.ts'

const signature = { inputShape: [32, 32, 3], classes: 10 }
const architectureOf = (depth: number, width = 1, given = signature) => vgg.architecture({ depth, width }, given)

describe('vgg', () => {
  // the published networks have a bias in each convolution, one per filter, which batch norm cancels
  it.each([
    [8, 100, 3_965_028, 64 + 128 + 256 + 512 * 2],
    [11, 10, 9_231_114, 64 + 128 + 256 * 2 + 512 * 4],
    [13, 10, 9_416_010, 64 * 2 + 128 * 2 + 256 * 2 + 512 * 4],
    [16, 10, 14_728_266, 64 * 2 + 128 * 2 + 256 * 3 + 512 * 6],
    [19, 10, 20_040_522, 64 * 2 + 128 * 2 + 256 * 4 + 512 * 8],
  ])('of depth %d for %d classes has the published size, %d, less %d biases', (depth, classes, published, biases) => {
    const { params, faults } = describeArchitecture(architectureOf(depth, 1, { ...signature, classes }))
    expect(faults).toEqual([])
    expect(params).toBe(published - biases)
  })

  it('counts multiply-adds as by hand', () => {
    const { macs } = describeArchitecture(architectureOf(8, 1 / 64, { inputShape: [16, 16, 1], classes: 3 }))
    expect(macs).toBe(9 * (256 * 1 + 64 * 1 * 2 + 16 * 2 * 4 + 4 * 4 * 8 + 1 * 8 * 8) + 8 * 3)
  })

  it('multiplies every width, rounded down, and keeps the classes', () => {
    const widths = architectureOf(8, 0.3).layers.flatMap((layer) => (layer.type === 'conv2d' ? layer.filters : []))
    expect(widths).toEqual([19, 38, 76, 153, 153])
    expect(architectureOf(8, 0.3).layers.at(-1)).toMatchObject({ units: 10, init: 'small' })
  })

  it('taps a stage before it is pooled, after and before its last ReLU', () => {
    const architecture = architectureOf(16)
    expect(architecture.taps).toMatchObject({ stage3: 'stage3-conv3-relu', 'stage3.pre': 'stage3-conv3-bn' })
    const { taps } = describeArchitecture(architecture)
    expect([1, 2, 3, 4, 5].map((stage) => taps.get(`stage${stage}`)?.shape[0])).toEqual([32, 16, 8, 4, 2])
  })

  it('takes images of 8×8 pixels, and refuses smaller ones', () => {
    const check = (inputShape: number[]) => vgg.check({ depth: 8, width: 1 }, { inputShape, classes: 10 })
    expect(check([8, 8, 1])).toEqual([])
    expect(describeArchitecture(architectureOf(8, 1, { inputShape: [8, 8, 1], classes: 10 })).faults).toEqual([])
    expect(check([7, 9, 1])).toMatchObject([{ expected: expect.stringContaining('8×8'), received: '[7, 9, 1]' }])
  })
})
