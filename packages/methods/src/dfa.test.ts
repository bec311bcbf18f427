import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { dfa, featureDistance, mixedFeature } from './dfa.ts'
import { equalLayers, layersOfArchitecture } from './shared/equal-layers.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two layers, two samples of three values; the numbers expected of them come from checks/dfa.py
const FIRST = [1, -0.5, 2, 0.25, 1.5, -1]
const SECOND = [4, 2, -3, -6, 1, 5]
const STUDENT = [0.5, 0, 1, -0.5, 1, 0.25]
const rows = (values: readonly number[]) => tf.tensor2d([...values], [2, 3])
const given = { maps: [rows(FIRST), rows(SECOND)], squares: tf.tensor1d([1.25, 16]) }
const beta = () => tf.tensor1d([0.5, -0.25])
const valuesOf = (x: Tensor) => Array.from(x.dataSync())

describe('the mix of dfa', () => {
  it('is that of checks/dfa.py', () => {
    const expected = [0.9282972, -0.1433273, 0.9743358, -0.329363, 0.9914192, -0.2064493]
    expectNear(valuesOf(mixedFeature(tf, { ...given, beta: beta() })), expected, 5)
  })

  it('is the mean of layers of unit size as the search begins, whatever their sizes are', () => {
    const mix = mixedFeature(tf, { ...given, beta: tf.zeros([2]) })
    const mean = FIRST.map((value, i) => (value / Math.sqrt(1.25) + (SECOND[i] ?? 0) / 4) / 2)
    expectNear(valuesOf(mix), mean, 5)
  })

  it('does not change with a constant that all parameters gain', () => {
    const [one, other] = [beta(), beta().add(3)].map((values) => valuesOf(mixedFeature(tf, { ...given, beta: values })))
    expectNear(one ?? [], other ?? [], 6)
  })

  it('of one layer alone is that layer, as plain feature distillation has it', () => {
    const mix = mixedFeature(tf, { ...given, beta: tf.tensor1d([-200, 0]) })
    expectNear(
      valuesOf(mix),
      SECOND.map((value) => value / 4),
      6,
    )
  })

  it('stays finite where a layer is always zero', () => {
    const silent = { maps: [rows(FIRST), tf.zeros([2, 3])], squares: tf.tensor1d([1.25, 0]) }
    const loss = (values: Tensor) => featureDistance(rows(STUDENT), mixedFeature(tf, { ...silent, beta: values }))
    const { value, gradient } = valueAndGradient(loss, beta())
    expect([value, ...gradient].every(Number.isFinite)).toBe(true)
    expect(gradient.every((slope) => slope !== 0)).toBe(true)
  })
})

describe('the distance of dfa', () => {
  it('has the value and gradients of checks/dfa.py, in the student and in the parameters of the mix', () => {
    const mix = mixedFeature(tf, { ...given, beta: beta() })
    const byStudent = valueAndGradient((student) => featureDistance(student, mix), rows(STUDENT))
    expect(byStudent.value).toBeCloseTo(0.0736961, 6)
    expectNear(byStudent.gradient, [-0.1427657, 0.0477758, 0.0085547, -0.056879, 0.0028603, 0.1521498], 5)
    const byBeta = (values: Tensor) => featureDistance(rows(STUDENT), mixedFeature(tf, { ...given, beta: values }))
    expectNear(valueAndGradient(byBeta, beta()).gradient, [0.0936188, -0.0936188], 5)
  })

  it('has no gradient in a layer of the teacher that was stopped, and still one in the mix', () => {
    const loss = (map: Tensor) => {
      const maps = [ops.stopGradient(map), rows(SECOND)]
      return featureDistance(rows(STUDENT), mixedFeature(tf, { ...given, maps, beta: beta() }))
        .add(map.sum().mul(0))
        .asScalar()
    }
    expect(valueAndGradient(loss, rows(FIRST)).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe('the layers that dfa mixes by itself', () => {
  it('are the activations of a stage, and its end', () => {
    const layers = layersOfArchitecture(tinyCnn(3))
    expect(equalLayers(layers, 'relu1')).toEqual(['relu1'])
    expect(equalLayers(layers, 'norm2')).toEqual(['norm2'])
    expect(equalLayers([...layers, { name: 'end', shape: [4, 4, 3], activation: false }], 'end')).toEqual([
      'relu1',
      'end',
    ])
  })
})

const GROUPS = [
  { student: 'stage1', teacher: ['norm1', 'relu1'] },
  { student: 'stage2', teacher: ['conv2', 'norm2', 'relu2'] },
]
const PARAMS = {
  ...{ groups: GROUPS, searchShare: 0.4, bridgeStudent: 1, bridgeTask: 1 },
  ...{ mixRate: 0.02, shares: [], mixDecay: 0.001, featureWeight: 1 },
}
const TRAINING = {
  ...{ tf, method: dfa, params: PARAMS, teachers: [tinyCnn(3)] },
  spec: { steps: 20 },
} satisfies TrainMethod

describe('a training with dfa', () => {
  const changed = ({ values }: Awaited<ReturnType<typeof trainMethod>>, from: number) =>
    Object.keys(values[from + 1] ?? {}).filter((name) => values[from]?.[name] !== values[from + 1]?.[name])
  const owners = (names: readonly string[]) => [...new Set(names.map((name) => name.split('/')[0]))].sort()

  it('measures, searches group by group with a student of its own, then teaches the real one', async () => {
    const trained = await trainMethod(TRAINING)
    expect(trained.stages).toEqual(['measure', 'search1', 'search2', 'distil'])
    expect(changed(trained, 0).sort()).toEqual([
      'state/measured1',
      'state/measured2',
      'state/squares1',
      'state/squares2',
    ])
    expect(owners(changed(trained, 1))).toEqual(['connector:1:st', 'connector:1:ts', 'searcher', 'state'])
    expect(changed(trained, 1).filter((name) => name.startsWith('state/'))).toEqual(['state/mix1'])
    expect(changed(trained, 2).filter((name) => name.startsWith('state/'))).toEqual(['state/mix2'])
    expect(owners(changed(trained, 3))).toEqual(['connector:1', 'connector:2', 'student'])
    expect(trained.teacherValues[1]).toBe(trained.teacherValues[0])
  })

  it('searches with weights on one half of the samples and with the mix on the other', async () => {
    const { plan } = await trainMethod(TRAINING)
    expect(plan.stages[1]?.batch).toEqual({ part: { index: 0, of: 2 } })
    expect(plan.stages[1]?.streams).toEqual({ validation: { part: { index: 1, of: 2 } } })
    expect(plan.stages[3]?.batch).toBeUndefined()
  })

  it('begins with the shares of the job, and keeps them where their rate is 0', async () => {
    const shares = [
      [0.5, 0.25],
      [0.2, 0.3, 0.5],
    ]
    const trained = await trainMethod({ ...TRAINING, params: { ...PARAMS, shares, mixRate: 0 } })
    const expected = shares.map((group) => {
      const logs = Float32Array.from(valuesOf(tf.log(tf.tensor1d(group))))
      return Buffer.from(logs.buffer).toString('hex')
    })
    for (const values of trained.values) expect([values['state/mix1'], values['state/mix2']]).toEqual(expected)
  })

  it('without the way through the student has no labels in the search', async () => {
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, bridgeTask: 0, mixDecay: 0 } })
    expect(Object.keys(losses).sort()).toEqual(['ce', 'group1', 'group2', 'mix.copy', 'weights.copy'])
  })

  it('has nothing to search for in a group of one layer', async () => {
    const groups = [GROUPS[0], { student: 'stage2', teacher: ['relu2'] }]
    const { stages } = await trainMethod({ ...TRAINING, params: { ...PARAMS, groups } })
    expect(stages).toEqual(['measure', 'search1', 'distil'])
  })
})

describe('the check of dfa', () => {
  const { signature } = tinyImages()
  const job = { signature, student: tinyCnn(), teachers: [tinyCnn(3)], peers: [], batchSize: 8, sources: {} }
  const check = (change: object) => dfa.check?.({ ...PARAMS, ...change }, job)

  it.each([
    [
      'a layer that the teacher does not have',
      [{ student: 'stage1', teacher: ['relu1', 'relu9'] }],
      '/groups/0/teacher/1',
    ],
    ['a tap that the student does not have', [{ student: 'stage9', teacher: ['relu1', 'norm1'] }], '/groups/0/student'],
    ['layers of unequal shape', [{ student: 'stage1', teacher: ['relu1', 'relu2'] }], '/groups/0/teacher'],
    ['vectors for maps', [{ student: 'stage1', teacher: ['mean', 'mean'] }], '/groups/0'],
    ['groups of one layer only', [{ student: 'stage1', teacher: ['relu1'] }], '/groups'],
  ])('refuses %s', (_, groups, path) => {
    expect(check({ groups })?.[0]).toMatchObject({ path })
  })

  it('asks for a share of every layer where there are shares', () => {
    expect(check({ shares: [[0.5, 0.5]] })?.[0]).toMatchObject({ path: '/shares', received: '1' })
    expect(check({ shares: [[0.5, 0.5], [1]] })?.[0]).toMatchObject({ path: '/shares/1', received: '1' })
    const byStage = check({ groups: [], shares: [[1]] }) ?? []
    expect(byStage.some(({ path }) => path.startsWith('/shares'))).toBe(true)
    expect(
      check({
        shares: [
          [0.5, 0.5],
          [0.2, 0.2, 0.4],
        ],
      }),
    ).toEqual([])
  })

  it('takes groups that fit, and refuses a search without a loss', () => {
    expect(check({})).toEqual([])
    expect(check({ bridgeStudent: 0, bridgeTask: 0 })).toEqual([expect.objectContaining({ path: '/bridgeTask' })])
  })

  it('asks for groups where the stages of the teacher have one layer each', () => {
    expect(dfa.check?.({ ...PARAMS, groups: [] }, { ...job, teachers: [tinyMlp()] })).toEqual([
      expect.objectContaining({ path: '/groups' }),
    ])
    expect(dfa.check?.({ ...PARAMS, groups: [] }, { ...job, teachers: [null] })).toEqual([])
  })
})
