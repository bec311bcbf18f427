import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'
import { gaussianLoss, varianceOf, vid } from './vid.ts'

const maths = { tf, ops }
// two samples of a map [1, 2, 2]; the numbers expected of them come from checks/vid.py
const mean = tf.tensor4d([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1], [2, 1, 2, 2])
const teacher = tf.tensor4d([1, 0, 1, 0.5, 0, 0.25, 0.5, -1], [2, 1, 2, 2])
const rho = tf.tensor1d([-0.5, 1.25])
const lossOf = (variance: Tensor) => gaussianLoss(maths, { mean, teacher, variance }).dataSync()[0] ?? Number.NaN

const PARAMS = { taps: [{ student: 'stage1', teacher: 'stage1' }], weight: 1, initialVariance: 5 }
const TRAINING = { tf, method: vid, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the Gaussian loss of vid', () => {
  it('has the value and gradient of checks/vid.py in the prediction', () => {
    const loss = (x: Tensor) => gaussianLoss(maths, { mean: x, teacher, variance: varianceOf(tf, rho) })
    const { value, gradient } = valueAndGradient(loss, mean)
    expect(value).toBeCloseTo(0.7268113, 6)
    expectNear(gradient, [-0.1318323, -0.0832257, 0.2636647, -0.0416129, 0.395497, 0, -0.2636647, 0.1664515])
  })

  it('has the gradient of checks/vid.py in what the variances are made of', () => {
    const loss = (x: Tensor) => gaussianLoss(maths, { mean, teacher, variance: varianceOf(tf, x) })
    expectNear(valueAndGradient(loss, rho).gradient, [-0.2733447, 0.016319])
  })

  it('is least where the variance of a channel is its mean squared residual', () => {
    const best = [1.125, 1.3125]
    const { value, gradient } = valueAndGradient(
      (variance) => gaussianLoss(maths, { mean, teacher, variance }),
      tf.tensor1d(best),
    )
    expect(value).toBeCloseTo(0.5974292, 6)
    expect(value).toBeCloseTo(best.reduce((sum, v) => sum + 0.5 * (1 + Math.log(v)), 0) / 2, 6)
    expectNear(gradient, [0, 0], 6)
    for (const factor of [0.9, 1.1]) expect(lossOf(tf.tensor1d(best).mul(factor))).toBeGreaterThan(value)
  })

  it('is half the mean squared error at a variance of one, and may be negative', () => {
    expect(lossOf(tf.ones([2]))).toBeCloseTo((1.125 + 1.3125) / 4, 6)
    const exact = gaussianLoss(maths, { mean: teacher, teacher, variance: tf.fill([2], 0.1) })
    expect(exact.dataSync()[0]).toBeCloseTo(0.5 * Math.log(0.1), 6)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) =>
      gaussianLoss(maths, { mean, teacher: t, variance: tf.ones([2]) })
        .add(t.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(8).fill(0))
  })
})

describe('the method vid', () => {
  it('begins with the variance that the job names, one per channel of the teacher', async () => {
    const { plan } = await trainMethod({
      ...TRAINING,
      change: (made) => {
        const found = made.stages[0]?.players.find(({ role }) => role === 'variance:0')?.variables ?? []
        expectNear(
          found.flatMap((variable) => Array.from(varianceOf(tf, variable).dataSync())),
          [5, 5, 5],
        )
        return made
      },
    })
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student', 'adapter:stage1:stage1', 'variance:0'])
  })

  it('trains predictor and variances, and nobody exports them', async () => {
    const { plan, values } = await trainMethod(TRAINING)
    const [start = {}, end = {}] = values
    const changed = Object.keys(start).filter((name) => start[name] !== end[name])
    expect(changed.filter((name) => !name.startsWith('student/')).sort()).toEqual([
      'adapter:stage1:stage1/first/kernel',
      'adapter:stage1:stage1/mean/kernel',
      'adapter:stage1:stage1/second/kernel',
      expect.stringContaining('variance:0'),
    ])
    expect(plan.deploy.role).toBe('student')
  })

  it('lowers its loss', async () => {
    const spec = { steps: 60, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses } = await trainMethod({ ...TRAINING, spec })
    expect(Object.keys(losses)).toEqual(['ce', 'vid'])
    expect(losses['vid']?.at(-1)).toBeLessThan((losses['vid']?.[0] ?? 0) - 0.1)
  })

  it('gives every teacher and every pair a predictor and variances of its own', async () => {
    const taps = ['stage1', 'penultimate'].map((tap) => ({ student: tap, teacher: tap }))
    const { plan } = await trainMethod({
      ...TRAINING,
      params: { ...PARAMS, taps },
      teachers: [tinyCnn(3), tinyCnn(1)],
    })
    const roles = plan.stages[0]?.players.map(({ role }) => role) ?? []
    expect(roles.filter((role) => role.startsWith('adapter'))).toHaveLength(4)
    expect(roles.filter((role) => role.startsWith('variance'))).toEqual([
      'variance:0@0',
      'variance:0@1',
      'variance:1@0',
      'variance:1@1',
    ])
  })
})

describe('the check of vid', () => {
  const taps = (student: string, other: string) => ({ ...PARAMS, taps: [{ student, teacher: other }] })

  it('takes what a predictor leads between', () => {
    expect(vid.check?.(PARAMS, tinyJob())).toEqual([])
    expect(vid.check?.(taps('stage1', 'stage2'), tinyJob())).toEqual([])
    expect(vid.check?.(taps('stage2', 'penultimate'), tinyJob())).toEqual([])
  })

  it('refuses to predict a map from a vector, and names taps that are not there', () => {
    expect(vid.check?.(PARAMS, tinyJob({ student: tinyMlp() }))).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4] and [4, 4, 3]' }),
    ])
    expect(vid.check?.(taps('stage1', 'stage7'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/teacher', received: 'stage7' }),
    ])
  })
})
