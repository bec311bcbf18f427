import { describeArchitecture } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { multiBranch } from './multi-branch.ts'
import { resnet } from './resnet.ts'
import { BRANCHABLE_FAMILIES } from './shared/branchable-families.ts'

const signature = { inputShape: [8, 8, 1], classes: 5 }
const tiny = { family: 'resnet', params: { depth: 8, width: 8 }, split: 'stage2', branches: 3 }
const architectureOf = (params: object = {}) => multiBranch.architecture({ ...tiny, ...params }, signature)
const check = (params: object) => multiBranch.check({ ...tiny, ...params }, signature)
const filtersOf = (params: object, start: string) =>
  architectureOf(params).layers.flatMap((layer) =>
    layer.type === 'conv2d' && layer.name.startsWith(start) ? layer.filters : [],
  )

describe('multi-branch', () => {
  it('has the trunk once, under the names of the family, and the rest once per branch', () => {
    const names = architectureOf().layers.map(({ name }) => name)
    const whole = resnet.architecture({ depth: 8, width: 8, shortcut: 'projection' }, signature).layers
    const behind = whole
      .filter(({ name }) => !name.startsWith('st') || name.startsWith('stage3'))
      .map(({ name }) => name)
    const trunk = whole.map(({ name }) => name).filter((name) => !behind.includes(name))
    expect(trunk.at(-1)).toBe('stage2-block1-relu')
    expect(names).toEqual([...trunk, ...[1, 2, 3].flatMap((i) => behind.map((name) => `branch${i}-${name}`))])
  })

  it('lets every branch read the trunk, and itself', () => {
    const { layers } = architectureOf()
    const inputsOf = (name: string) => layers.find((layer) => layer.name === name)?.inputs
    expect(inputsOf('branch3-stage3-block1-a-conv')).toEqual(['stage2-block1-relu'])
    expect(inputsOf('branch3-stage3-block1-add')).toEqual([
      'branch3-stage3-block1-b-bn',
      'branch3-stage3-block1-shortcut-bn',
    ])
  })

  it('answers with its first branch, and taps the trunk, the split and every branch', () => {
    const { output, taps } = architectureOf({ branches: 2 })
    expect(output).toBe('branch1-logits')
    expect(taps).toEqual({
      ...{ stem: 'stem-relu', stage1: 'stage1-block1-relu', 'stage1.pre': 'stage1-block1-add' },
      ...{ stage2: 'stage2-block1-relu', 'stage2.pre': 'stage2-block1-add', trunk: 'stage2-block1-relu' },
      ...branchTaps(1),
      ...branchTaps(2),
      ...{ penultimate: 'branch1-features', logits: 'branch1-logits' },
    })
  })

  it('has the size of its trunk and of its branches', () => {
    const paramsOf = (branches: number) => describeArchitecture(architectureOf({ branches })).params
    const one = describeArchitecture(
      resnet.architecture({ depth: 8, width: 8, shortcut: 'projection' }, signature),
    ).params
    const perBranch = paramsOf(3) - paramsOf(2)
    // stage 3 from 16 to 32 channels, with its projection and batch norms, and a classifier of five
    expect(perBranch).toBe(9 * 16 * 32 + 9 * 32 * 32 + 16 * 32 + 3 * 64 + 32 * 5 + 5)
    expect(paramsOf(2)).toBe(one + perBranch)
  })

  it('thins its branches behind the split, rounded down, and not the trunk', () => {
    const widths = [1, 0.8, 0.4]
    const given = { widths, params: { depth: 8, width: 16 }, split: 'stem' }
    expect(check(given)).toEqual([])
    expect(new Set(filtersOf(given, 'stem'))).toEqual(new Set([16]))
    expect([1, 2, 3].map((i) => [...new Set(filtersOf(given, `branch${i}-`))])).toEqual([
      [16, 32, 64],
      [12, 25, 51],
      [6, 12, 25],
    ])
  })

  it.each(BRANCHABLE_FAMILIES.map(({ name }) => name))('can be made of %s, at every split, also thinned', (family) => {
    const params = { family, params: {}, split: 'stage1', branches: 2, widths: [1, 0.5] }
    const wrongSplit = multiBranch.check({ ...params, split: 'nowhere' }, signature)[0]?.expected ?? ''
    const splits = wrongSplit.replace('one of ', '').split(', ')
    expect(splits).toContain('stage1')
    for (const split of splits) {
      const { widths, ...plain } = { ...params, split }
      expect(multiBranch.check(plain, signature)).toEqual([])
      const { faults, taps } = describeArchitecture(multiBranch.architecture(plain, signature))
      expect(faults).toEqual([])
      expect(taps.get('branch2.penultimate')?.shape).toHaveLength(1)
    }
    const last = splits.at(-1) as string
    const thinned = multiBranch.check({ ...params, split: last }, signature)
    for (const { message } of thinned) expect(message).toContain(`no layer behind ${last} has a width`)
  })

  it('shares the feature too when a family of one stage branches behind it', () => {
    const { taps } = multiBranch.architecture(
      { family: 'mlp', params: { hidden: [6] }, split: 'stage1', branches: 2 },
      signature,
    )
    expect(taps['branch2.penultimate']).toBe('hidden1-relu')
    expect(taps['branch2.logits']).toBe('branch2-logits')
  })
})

describe('multi-branch refuses, naming the place,', () => {
  it('a parameter that the family does not have', () => {
    expect(check({ params: { depht: 8 } })).toMatchObject([{ path: '/params/depht' }])
    expect(check({ params: { depth: 9 } })).toMatchObject([{ path: '/params/depth' }])
  })

  it('samples that the family does not take', () => {
    expect(multiBranch.check(tiny, { inputShape: [12], classes: 3 })).toMatchObject([
      { path: '', message: 'this family takes images' },
    ])
  })

  it('a split that the family does not have, telling those it has', () => {
    expect(check({ split: 'stage4' })).toMatchObject([
      { path: '/split', expected: 'one of stem, stage1, stage2, stage3', received: 'stage4' },
    ])
    expect(check({ split: 'logits' })).toMatchObject([{ path: '/split' }])
  })

  it('another number of widths than branches', () => {
    expect(check({ widths: [1, 0.5] })).toMatchObject([{ path: '/widths', expected: '3 numbers', received: '2' }])
  })

  it('a branch too narrow for shortcuts without weights, naming a split that fits', () => {
    const params = { depth: 8, width: 8, shortcut: 'identity' }
    expect(check({ params, split: 'stem', widths: [1, 0.75, 0.5] })).toMatchObject([
      {
        path: '/split',
        expected: 'a split at stage1 or stage2, or other widths',
        received: 'stem with widths 1, 0.75, 0.5',
      },
    ])
    expect(check({ params, split: 'stage1', widths: [1, 0.75, 0.5] })).toEqual([])
  })

  it('widths where nothing is left that has one', () => {
    expect(check({ split: 'stage3', widths: [1, 1, 0.5] })).toMatchObject([
      { path: '/split', message: expect.stringContaining('no layer behind stage3 has a width') },
    ])
    expect(check({ split: 'stage3', widths: [1, 1, 1] })).toEqual([])
  })
})

function branchTaps(i: number) {
  return {
    [`branch${i}.stage3`]: `branch${i}-stage3-block1-relu`,
    [`branch${i}.stage3.pre`]: `branch${i}-stage3-block1-add`,
    [`branch${i}.penultimate`]: `branch${i}-features`,
    [`branch${i}.logits`]: `branch${i}-logits`,
  }
}
