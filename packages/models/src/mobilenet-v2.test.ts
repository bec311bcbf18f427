import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { mobilenetV2 } from './mobilenet-v2.ts'

const signature = { inputShape: [32, 32, 3], classes: 10 }
const architectureOf = (width: number, given = signature) => mobilenetV2.architecture({ width }, given)

describe('mobilenet-v2', () => {
  it.each([
    [1, 10, 2_236_682],
    [1, 1000, 3_504_872],
    [0.5, 1000, 1_968_680],
    [1.4, 1000, 6_108_776],
  ])('at width %d for %d classes has the published size', (width, classes, params) => {
    const { params: counted, faults } = describeArchitecture(architectureOf(width, { ...signature, classes }))
    expect(faults).toEqual([])
    expect(counted).toBe(params)
  })

  it('rounds channels to multiples of 8, but never by more than a tenth down', () => {
    const channels = architectureOf(0.35).layers.flatMap((layer) =>
      layer.type === 'conv2d' && /block1-project|stem/.test(layer.name) ? layer.filters : [],
    )
    // 11.2, 5.6, 8.4, 11.2, 22.4, 33.6, 56 and 112
    expect(channels).toEqual([16, 8, 8, 16, 24, 32, 56, 112])
  })

  it('counts multiply-adds of a block as by hand', () => {
    const { layers } = architectureOf(1)
    const first = layers.slice(0, layers.findIndex(({ name }) => name === 'stage1-16-block1-project-bn') + 1)
    const { macs } = describeArchitecture({
      ...{ inputShape: [32, 32, 3], layers: first, output: 'stage1-16-block1-project-bn', taps: {} },
    })
    expect(macs).toBe(1024 * (9 * 3 * 32 + 9 * 32 + 32 * 16))
  })

  it('keeps the resolution in stem and second row, and halves it three times', () => {
    const { taps } = describeArchitecture(architectureOf(1))
    const shapes = ['stem', 'stage1', 'stage2', 'stage3', 'stage4'].map((tap) => taps.get(tap)?.shape)
    expect(shapes).toEqual([
      [32, 32, 32],
      [32, 32, 24],
      [16, 16, 32],
      [8, 8, 96],
      [4, 4, 320],
    ])
  })

  it('joins the narrow ends, without activation, where the shape stays', () => {
    const { layers } = architectureOf(1)
    expect(layers.find(({ name }) => name === 'stage2-32-block2-add')?.inputs).toEqual([
      'stage2-32-block2-project-bn',
      'stage2-32-block1-project-bn',
    ])
    expect(layers.filter(({ type }) => type === 'add')).toHaveLength(10)
    expect(layers.some(({ name }) => name === 'stage1-16-block1-expand-conv')).toBe(false)
  })

  it('is narrowed behind a stage, where a block with another width than before has no shortcut', () => {
    const { layers } = mobilenetV2.widened({ width: 1 }, signature, { factor: 0.4, after: 2 })
    const filtersOf = (name: string) => layers.find((layer) => layer.name === name)
    expect(filtersOf('stage2-32-block3-project-conv')).toMatchObject({ filters: 32 })
    expect(filtersOf('stage3-64-block1-project-conv')).toMatchObject({ filters: 25 })
    expect(filtersOf('stage3-64-block2-expand-conv')).toMatchObject({ filters: 150 })
    expect(filtersOf('last-conv')).toMatchObject({ filters: 512 })
  })
})
