import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { none } from './none.ts'
import { studentEnsemble, studentEnsembleLoss } from './student-ensemble.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyBranched } from './testing/tiny-branched.ts'
import { tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// three students, two samples, three classes; the numbers expected of them come from checks/student-ensemble.py
const STUDENTS = [
  [2, -1, 0.5, 0, 1, -2],
  [3, 0, -1, -1, 2.5, 0.5],
  [1, 1, 0, 0.5, -0.5, 2],
]
const FULL = [0.5, -1, 2, 0.25]
const THIN = [
  [1, 0, 0.25, -1],
  [0, -2, 1.5, 0.5],
]
const rows = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 3])
const feature = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 2])

const WEIGHTS = { labelWeight: 0.7, featureWeight: 0.15, ensembleWeight: 0.15, ensembleLabelWeight: 0 }
const PARAMS = { temperature: 2, ...WEIGHTS, taps: [], trunk: 'all' }
const student = tinyBranched([4, 3, 1])
const TRAINING = { tf, method: studentEnsemble, params: PARAMS, student, spec: { steps: 2 } } satisfies TrainMethod

const total = (parts: Readonly<Record<string, Tensor>>) => tf.addN(Object.values(parts)).asScalar()

interface At {
  readonly logits?: readonly Tensor[]
  readonly thin?: Tensor
  readonly full?: Tensor
  readonly weights?: Partial<typeof WEIGHTS>
}

function lossAt({ logits = STUDENTS.map(rows), thin = feature(THIN[0]), full = feature(FULL), weights = {} }: At) {
  const features = [thin, feature(THIN[1])].map((one) => ({ thin: one, full }))
  const labels = tf.tensor1d([0, 2], 'int32')
  return studentEnsembleLoss({ tf, ops }, { logits, features, labels, temperature: 2, ...WEIGHTS, ...weights })
}

describe('the loss of student-ensemble', () => {
  it('has the value and the gradients of checks/student-ensemble.py in a student and in a feature', () => {
    const others = STUDENTS.slice(1).map(rows)
    const inFirst = valueAndGradient((z) => total(lossAt({ logits: [z, ...others] })), rows(STUDENTS[0]))
    expect(inFirst.value).toBeCloseTo(2.9027515, 5)
    expectNear(inFirst.gradient, [-0.0744786, 0.0010904, 0.0733882, 0.1027972, 0.2612164, -0.3640136])
    const inThin = valueAndGradient((thin) => total(lossAt({ thin })), feature(THIN[0]))
    expectNear(inThin.gradient, [0.0375, 0.075, -0.13125, -0.09375])
  })

  it('has no gradient in the features of the full student', () => {
    const inFull = (full: Tensor) => total(lossAt({ full })).add(full.sum().mul(0)).asScalar()
    expect(valueAndGradient(inFull, feature(FULL)).gradient).toEqual([0, 0, 0, 0])
  })

  it('has no ensemble to learn where all answers are equal', () => {
    const parts = lossAt({ logits: [rows(STUDENTS[0]), rows(STUDENTS[0]), rows(STUDENTS[0])] })
    for (const j of [1, 2, 3]) expect(Math.abs(parts[`branch${j}.kd`]?.dataSync()[0] ?? 1)).toBeLessThan(1e-6)
  })

  it('is linear in its weights', () => {
    const value = (weights: Partial<typeof WEIGHTS>) => total(lossAt({ weights })).dataSync()[0] ?? Number.NaN
    const none = { labelWeight: 0, featureWeight: 0, ensembleWeight: 0 }
    const [labels, features, ensemble] = [
      value({ ...none, labelWeight: 1 }),
      value({ ...none, featureWeight: 1 }),
      value({ ...none, ensembleWeight: 1 }),
    ]
    expect(value({})).toBeCloseTo(0.7 * labels + 0.15 * features + 0.15 * ensemble, 5)
    const both = value({ ...none, labelWeight: 1, ensembleLabelWeight: 2 })
    const mean = tf.mean(tf.stack(STUDENTS.map(rows)), 0)
    const own = ops.crossEntropy(mean, tf.tensor1d([0, 2], 'int32')).dataSync()[0] ?? Number.NaN
    expect(both).toBeCloseTo(labels + 2 * own, 5)
  })
})

describe('a training with student-ensemble', () => {
  it('puts a convolution without a share in the result behind each thin feature', async () => {
    const { plan, values } = await trainMethod(TRAINING)
    const [start = {}, end = {}] = values
    const adapters = Object.keys(start).filter((name) => /^adapter:.*kernel$/.test(name))
    expect(adapters).toEqual(['adapter:branch2.stage2/project/kernel', 'adapter:branch3.stage2/project/kernel'])
    expect(adapters.filter((name) => start[name] === end[name])).toEqual([])
    expect(plan.deploy.role).toBe('student:branch3.logits')
    expect(Object.keys(plan.also ?? {})).toEqual(['branch1', 'branch2'])
    const first = await trainMethod({ ...TRAINING, params: { ...PARAMS, deploy: 1 } })
    expect(first.plan.deploy.role).toBe('student:branch1.logits')
  })

  it('by labels alone, on a trunk that the full student trains, has that one learn as it would by itself', async () => {
    const params = { ...PARAMS, labelWeight: 1, featureWeight: 0, ensembleWeight: 0, trunk: 'first' }
    const together = await trainMethod({ ...TRAINING, params })
    expect(Object.keys(together.losses)).toEqual(['branch1.ce', 'branch2.ce', 'branch3.ce'])
    const alone = await trainMethod({ ...TRAINING, method: none, params: {} })
    const own = (values: Readonly<Record<string, string>> = {}) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => /^student\/(trunk|branch1)-/.test(name)))
    expect(Object.keys(own(together.values.at(-1)))).toHaveLength(12)
    expect(own(together.values.at(-1))).toEqual(own(alone.values.at(-1)))
  })

  it.each(['all', 'first'])('moves the statistics of every student (trunk: %s)', async (trunk) => {
    const { values } = await trainMethod({ ...TRAINING, params: { ...PARAMS, trunk } })
    const [start = {}, end = {}] = values
    const statistics = Object.keys(start).filter((name) => name.includes('moving_'))
    expect(statistics).toHaveLength(8)
    expect(statistics.filter((name) => start[name] === end[name])).toEqual([])
  })

  it('lets all students train the trunk unless told otherwise', async () => {
    const [all, first] = [
      await trainMethod(TRAINING),
      await trainMethod({ ...TRAINING, params: { ...PARAMS, trunk: 'first' } }),
    ]
    const kernel = 'student/trunk-conv/kernel'
    expect(all.values.at(-1)?.[kernel]).not.toBe(first.values.at(-1)?.[kernel])
    expect(all.losses['features']?.[0]).toBe(first.losses['features']?.[0])
  })
})

describe('the check of student-ensemble', () => {
  const { signature } = tinyImages()
  const job = { signature, student, teachers: [], peers: [], batchSize: 8, sources: {} }

  it('refuses taps that a student does not have, and weights of which none is for the labels', () => {
    expect(studentEnsemble.check?.(PARAMS, job)).toEqual([])
    expect(studentEnsemble.check?.({ ...PARAMS, taps: ['stage2', 'stage7'] }, job)).toMatchObject([
      { path: '/taps/1', received: 'branch1.stage7' },
    ])
    expect(studentEnsemble.check?.({ ...PARAMS, labelWeight: 0 }, job)).toMatchObject([{ path: '/labelWeight' }])
    expect(studentEnsemble.check?.({ ...PARAMS, deploy: 4 }, job)).toMatchObject([{ path: '/deploy', received: '4' }])
  })

  it('refuses a student without stages behind its split, unless features do not count', () => {
    const taps = Object.fromEntries(Object.entries(student.taps).filter(([tap]) => !tap.endsWith('.stage2')))
    const without = { ...job, student: { ...student, taps } }
    expect(studentEnsemble.check?.(PARAMS, without)).toMatchObject([{ path: '/taps', received: '[]' }])
    expect(studentEnsemble.check?.({ ...PARAMS, featureWeight: 0 }, without)).toEqual([])
  })
})
