import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { resnet } from './resnet.ts'

const signature = { inputShape: [32, 32, 3], classes: 10 }

const plain = { width: 16, shortcut: 'projection' }

function layersOf(depth: number) {
  return resnet.architecture({ ...plain, depth }, signature).layers
}

describe('resnet', () => {
  it.each([8, 14, 20, 32, 44, 56, 110])(
    'of depth %d has that many weighted layers, projections not counted',
    (depth) => {
      const weighted = layersOf(depth).filter(
        ({ type, name }) => (type === 'conv2d' || type === 'dense') && !name.includes('shortcut'),
      )
      expect(weighted).toHaveLength(depth)
    },
  )

  it('doubles its filters and halves its maps at the second and third stage only', () => {
    const convs = layersOf(20).filter((layer) => layer.type === 'conv2d')
    expect([...new Set(convs.map(({ filters }) => filters))]).toEqual([16, 32, 64])
    const strided = convs.filter(({ stride }) => stride === 2).map(({ name }) => name)
    expect(strided).toEqual([
      'stage2-block1-a-conv',
      'stage2-block1-shortcut-conv',
      'stage3-block1-a-conv',
      'stage3-block1-shortcut-conv',
    ])
  })

  it('adds the block to what went in, and applies ReLU after the sum', () => {
    const { layers } = resnet.architecture({ ...plain, depth: 8, width: 4 }, signature)
    const inputsOf = (name: string) => layers.find((layer) => layer.name === name)?.inputs
    expect(inputsOf('stage1-block1-add')).toEqual(['stage1-block1-b-bn', 'stem-relu'])
    expect(inputsOf('stage2-block1-add')).toEqual(['stage2-block1-b-bn', 'stage2-block1-shortcut-bn'])
    expect(inputsOf('stage1-block1-relu')).toEqual(['stage1-block1-add'])
    expect(layers.find((layer) => layer.name === 'stage1-block1-b-relu')).toBeUndefined()
  })

  it.each([
    [20, 'identity', 269_722],
    [56, 'identity', 853_018],
    [110, 'identity', 1_727_962],
    [20, 'projection', 272_474],
  ])('of depth %d with %s shortcuts has the published size', (depth, shortcut, params) => {
    const { params: counted, faults } = describeArchitecture(
      resnet.architecture({ ...plain, depth, shortcut }, signature),
    )
    expect(faults).toEqual([])
    expect(counted).toBe(params)
  })

  it('counts multiply-adds as by hand', () => {
    const { macs } = describeArchitecture(
      resnet.architecture({ depth: 8, width: 2, shortcut: 'identity' }, { inputShape: [4, 4, 1], classes: 3 }),
    )
    const stages = [16 * 9 * (2 * 2 + 2 * 2), 4 * 9 * (2 * 4 + 4 * 4), 1 * 9 * (4 * 8 + 8 * 8)]
    expect(macs).toBe(16 * 9 * 2 + stages.reduce((sum, stage) => sum + stage, 0) + 8 * 3)
  })

  it('with identity shortcuts leaves places out and puts channels of zeros on both sides', () => {
    const { layers } = resnet.architecture({ depth: 8, width: 3, shortcut: 'identity' }, signature)
    expect(layers.filter(({ name }) => name.includes('stage2-block1-shortcut'))).toMatchObject([
      { type: 'maxPool', size: 1, stride: 2, inputs: ['stage1-block1-relu'] },
      { type: 'channelPad', before: 1, after: 2 },
    ])
    expect(layers.filter(({ name }) => name.includes('stage1-block1-shortcut'))).toEqual([])
  })

  it('taps the stem, and each stage after and before its last ReLU', () => {
    const { taps } = resnet.architecture({ ...plain, depth: 14 }, signature)
    expect(taps).toMatchObject({
      ...{ stem: 'stem-relu', stage3: 'stage3-block2-relu', 'stage3.pre': 'stage3-block2-add' },
      ...{ penultimate: 'features', logits: 'logits' },
    })
  })

  it('made narrower behind the stem has the widths of the ensemble paper, rounded down', () => {
    const widths = [1, 0.8, 0.6, 0.4, 0.2].map((factor) => {
      const { layers } = resnet.widened({ ...plain, depth: 20 }, signature, { factor, after: 0 })
      return [...new Set(layers.flatMap((layer) => (layer.type === 'conv2d' ? layer.filters : [])))].slice(-3)
    })
    expect(widths).toEqual([
      [16, 32, 64],
      [12, 25, 51],
      [9, 19, 38],
      [6, 12, 25],
      [3, 6, 12],
    ])
  })

  it('takes images of 4×4 pixels, and refuses smaller ones and flat samples', () => {
    const check = (inputShape: number[]) => resnet.check({ ...plain, depth: 8, width: 4 }, { inputShape, classes: 10 })
    expect(check([4, 4, 1])).toEqual([])
    expect(check([3, 8, 1])).toMatchObject([
      { path: '', expected: expect.stringContaining('4×4'), received: '[3, 8, 1]' },
    ])
    expect(check([64])).toMatchObject([
      { message: 'this family takes images', expected: expect.stringContaining('mlp') },
    ])
  })
})
