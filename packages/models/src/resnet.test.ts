import { describe, expect, it } from 'vitest'
import { resnet } from './resnet.ts'

const signature = { inputShape: [32, 32, 3], classes: 10 }

function layersOf(depth: number, width = 16) {
  return resnet.architecture({ depth, width }, signature).layers
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
    const { layers } = resnet.architecture({ depth: 8, width: 4 }, signature)
    const inputsOf = (name: string) => layers.find((layer) => layer.name === name)?.inputs
    expect(inputsOf('stage1-block1-add')).toEqual(['stage1-block1-b-bn', 'stem-relu'])
    expect(inputsOf('stage2-block1-add')).toEqual(['stage2-block1-b-bn', 'stage2-block1-shortcut-bn'])
    expect(inputsOf('stage1-block1-relu')).toEqual(['stage1-block1-add'])
    expect(layers.find((layer) => layer.name === 'stage1-block1-b-relu')).toBeUndefined()
  })

  it('takes images of 4×4 pixels, and refuses smaller ones and flat samples', () => {
    const check = (inputShape: number[]) => resnet.check({ depth: 8, width: 4 }, { inputShape, classes: 10 })
    expect(check([4, 4, 1])).toEqual([])
    expect(check([3, 8, 1])).toMatchObject([
      { path: '', expected: expect.stringContaining('4×4'), received: '[3, 8, 1]' },
    ])
    expect(check([64])).toMatchObject([
      { message: 'this family takes images', expected: expect.stringContaining('mlp') },
    ])
  })
})
