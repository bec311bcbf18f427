import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { shufflenetV2 } from './shufflenet-v2.ts'

const signature = { inputShape: [32, 32, 3], classes: 10 }
const architectureOf = (width: number, given = signature) => shufflenetV2.architecture({ width }, given)

describe('shufflenet-v2', () => {
  it.each([
    [0.5, 1000, 1_366_792],
    [1, 1000, 2_278_604],
    [1.5, 1000, 3_503_624],
    [2, 1000, 7_393_996],
    [1, 10, 1_263_854],
  ])('at width %d for %d classes has the published size', (width, classes, params) => {
    const { params: counted, faults } = describeArchitecture(architectureOf(width, { ...signature, classes }))
    expect(faults).toEqual([])
    expect(counted).toBe(params)
  })

  it('counts multiply-adds of a block as by hand', () => {
    const upTo = (name: string) => {
      const { layers } = architectureOf(1)
      const part = layers.slice(0, layers.findIndex((layer) => layer.name === name) + 1)
      return describeArchitecture({ inputShape: [32, 32, 3], layers: part, output: name, taps: {} }).macs
    }
    const macs = upTo('stage1-block2-shuffled') - upTo('stage1-block1-shuffled')
    expect(macs).toBe(256 * (58 * 58 + 9 * 58 + 58 * 58))
  })

  it('passes the first half of the channels and works on the second', () => {
    const { layers } = architectureOf(1)
    const layer = (name: string) => layers.find((one) => one.name === name)
    expect(layer('stage2-block3-pass')).toMatchObject({ inputs: ['stage2-block2-shuffled'], before: 0, after: 116 })
    expect(layer('stage2-block3-half')).toMatchObject({ inputs: ['stage2-block2-shuffled'], before: 116, after: 0 })
    expect(layer('stage2-block3-both')?.inputs).toEqual(['stage2-block3-pass', 'stage2-block3-work-out-relu'])
  })

  it('halves the map in the first block of each stage, also a map of odd sides', () => {
    const odd = { inputShape: [9, 13, 1], classes: 2 }
    const { taps, faults } = describeArchitecture(architectureOf(0.5, odd))
    expect(faults).toEqual([])
    expect(['stem', 'stage1', 'stage2', 'stage3'].map((tap) => taps.get(tap)?.shape)).toEqual([
      [9, 13, 24],
      [5, 7, 48],
      [3, 4, 96],
      [2, 2, 192],
    ])
  })

  it('made narrower keeps two equal halves', () => {
    const architecture = shufflenetV2.widened({ width: 1 }, signature, { factor: 0.25, after: 1 })
    const { taps, faults } = describeArchitecture(architecture)
    expect(faults).toEqual([])
    expect(['stage1', 'stage2', 'stage3'].map((tap) => taps.get(tap)?.shape[2])).toEqual([116, 58, 116])
    const odd = shufflenetV2.widened({ width: 1 }, signature, { factor: 0.2, after: 1 })
    expect(describeArchitecture(odd).taps.get('stage3')?.shape[2]).toBe(92)
    expect(
      describeArchitecture(shufflenetV2.widened({ width: 0.5 }, signature, { factor: 0.1, after: 1 })).faults,
    ).toEqual([])
  })
})
