import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { wrn } from './wrn.ts'

const signature = { inputShape: [32, 32, 3], classes: 10 }
const plain = { depth: 16, width: 2, dropout: 0 }
const architectureOf = (params: object) => wrn.architecture({ ...plain, ...params }, signature)

describe('wrn', () => {
  it.each([
    [16, 2, 10, 691_674],
    [40, 2, 10, 2_243_546],
    [16, 2, 100, 703_284],
    [40, 2, 100, 2_255_156],
    [40, 1, 100, 569_780],
    [28, 10, 10, 36_479_194],
  ])('WRN-%d-%d for %d classes has the published size', (depth, width, classes, params) => {
    const { params: counted, faults } = describeArchitecture(
      wrn.architecture({ ...plain, depth, width }, { ...signature, classes }),
    )
    expect(faults).toEqual([])
    expect(counted).toBe(params)
  })

  it('counts multiply-adds as by hand', () => {
    const small = { inputShape: [4, 4, 1], classes: 3 }
    const { macs } = describeArchitecture(wrn.architecture({ depth: 10, width: 1, dropout: 0 }, small))
    const blocks = [16 * 9 * 2 * 16 * 16, 4 * (9 * (16 * 32 + 32 * 32) + 16 * 32), 9 * (32 * 64 + 64 * 64) + 32 * 64]
    expect(macs).toBe(16 * 9 * 16 + blocks.reduce((sum, block) => sum + block, 0) + 64 * 3)
  })

  it('activates before each convolution, and gives the activated map to a shortcut that changes the shape', () => {
    const { layers } = architectureOf({})
    const inputsOf = (name: string) => layers.find((layer) => layer.name === name)?.inputs
    expect(inputsOf('stage2-block1-a-conv')).toEqual(['stage2-block1-a-relu'])
    expect(inputsOf('stage2-block1-shortcut-conv')).toEqual(['stage2-block1-a-relu'])
    expect(inputsOf('stage2-block2-add')).toEqual(['stage2-block2-b-conv', 'stage2-block1-add'])
    expect(inputsOf('final-bn')).toEqual(['stage3-block2-add'])
  })

  it('needs no projection where the first stage is as wide as the stem', () => {
    const named = (width: number) =>
      architectureOf({ width }).layers.some(({ name }) => name.startsWith('stage1-block1-sh'))
    expect([named(1), named(2)]).toEqual([false, true])
  })

  it('drops between the convolutions of each block when asked', () => {
    const { layers } = architectureOf({ dropout: 0.3 })
    const dropouts = layers.filter(({ type }) => type === 'dropout')
    expect(dropouts).toHaveLength(6)
    expect(dropouts[0]).toMatchObject({ inputs: ['stage1-block1-b-relu'], rate: 0.3 })
    expect(layers.find(({ name }) => name === 'stage1-block1-b-conv')?.inputs).toEqual(['stage1-block1-dropout'])
    expect(architectureOf({}).layers.some(({ type }) => type === 'dropout')).toBe(false)
  })

  it('taps a stage where it is activated, at the start of the next', () => {
    expect(architectureOf({}).taps).toMatchObject({
      ...{ stem: 'stem-conv', stage1: 'stage2-block1-a-relu', 'stage1.pre': 'stage2-block1-a-bn' },
      ...{ stage3: 'final-relu', 'stage3.pre': 'final-bn' },
    })
  })
})
