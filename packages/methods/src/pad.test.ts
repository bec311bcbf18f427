import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { pad, padAdaptiveLoss, padMatchError } from './pad.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// two samples of a vector of three; the numbers expected of them come from checks/pad.py
const vectors = (values: readonly number[]) => tf.tensor2d([...values], [2, 3])
const student = vectors([0.5, -1, 2, 0, 1.5, 0.25])
const teacher = vectors([1, 0, 1, 0.5, 0, 0.75])
const logVariance = vectors([0.5, -1, 0.25, -0.5, 1, 0])
const squares = teacher.sub(student).square()
const lossOf = (s: Tensor) => padAdaptiveLoss(maths, { student, teacher, logVariance: s })

const PARAMS = { taps: [{ student: 'penultimate', teacher: 'penultimate' }], weight: 1, plainShare: 0.5 }
const TRAINING = { tf, method: pad, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the adaptive loss', () => {
  it('has the value and gradients of checks/pad.py', () => {
    const inStudent = valueAndGradient((s) => padAdaptiveLoss(maths, { student: s, teacher, logVariance }), student)
    expect(inStudent.value).toBeCloseTo(0.8981025, 6)
    expectNear(inStudent.gradient, [-0.1010884, -0.9060915, 0.2596001, -0.2747864, 0.1839397, -0.1666665], 6)
    const { gradient } = valueAndGradient(lossOf, logVariance)
    expectNear(gradient, [0.1413946, -0.2863778, 0.0368667, 0.0979702, 0.028712, 0.1250001], 6)
  })

  it('is the mean squared error where the variance is one', () => {
    const plain = padMatchError(ops, { student, teacher }).dataSync()[0] ?? 0
    expect(plain).toBeCloseTo(0.8333333, 6)
    expect(lossOf(tf.zeros([2, 3])).dataSync()[0]).toBeCloseTo(plain, 5)
  })

  it('is least, with no slope, where the variance is the squared difference', () => {
    const { value, gradient } = valueAndGradient(lossOf, tf.log(squares))
    expect(value).toBeCloseTo(0.4420079, 5)
    expectNear(gradient, new Array(6).fill(0))
    for (const away of [-0.3, 0.3]) expect(lossOf(tf.log(squares).add(away)).dataSync()[0]).toBeGreaterThan(value)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) =>
      padAdaptiveLoss(maths, { student, teacher: t, logVariance }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(6).fill(0))
  })
})

describe('the stages of pad', () => {
  it('train the head in the second only, which goes on from the first', async () => {
    const { values, plan, stages, losses } = await trainMethod(TRAINING)
    expect(stages).toEqual(['plain', 'adaptive'])
    expect(plan.stages.map(({ players }) => players.map(({ role }) => role))).toEqual([
      ['student'],
      ['student', 'uncertainty:0'],
    ])
    const [start = {}, middle = {}, end = {}] = values
    const heads = Object.keys(start).filter((name) => name.startsWith('uncertainty:0/'))
    expect(heads.length).toBeGreaterThan(0)
    expect(heads.filter((name) => start[name] !== middle[name])).toEqual([])
    expect(heads.filter((name) => middle[name] !== end[name])).toContain('uncertainty:0/linear/kernel')
    expect(Object.keys(losses).sort()).toEqual(['adaptive', 'ce', 'plain'])
    expect(plan.deploy.role).toBe('student')
  })

  it('bring the features closer, then the adaptive loss down', async () => {
    const spec = { steps: 160, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses } = await trainMethod({ ...TRAINING, spec })
    const [plain = [], adaptive = []] = [losses['plain'], losses['adaptive']]
    expect(plain.at(-1)).toBeLessThan((plain[0] ?? 0) * 0.7)
    expect(adaptive.at(-1)).toBeLessThan((adaptive[0] ?? 0) - 0.1)
  })

  it('put a linear layer between vectors of unequal width, and train it in both', async () => {
    const { plan, losses } = await trainMethod({ ...TRAINING, student: tinyMlp(5) })
    const roles = plan.stages.map(({ players }) => players.map(({ role }) => role))
    expect(roles).toEqual([
      ['student', 'adapter:penultimate:penultimate'],
      ['student', 'adapter:penultimate:penultimate', 'uncertainty:0'],
    ])
    expect(losses['adaptive']?.every(Number.isFinite)).toBe(true)
  })

  it('give each of several teachers a head', async () => {
    const { plan } = await trainMethod({ ...TRAINING, teachers: [tinyCnn(3), tinyCnn(1)] })
    const roles = plan.stages[1]?.players.map(({ role }) => role) ?? []
    expect(roles.slice(1)).toEqual(['uncertainty:0@0', 'uncertainty:0@1'])
  })
})

describe('pad in a sum', () => {
  it('is the adaptive loss, and leaves the labels to other terms', async () => {
    const asTerm = { ...pad, plan: undefined } as Record<string, unknown>
    delete asTerm['plan']
    const { losses, plan } = await trainMethod({ ...TRAINING, method: asTerm as never })
    expect(Object.keys(losses)).toEqual(['ce', 'adaptive'])
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student', 'uncertainty:0'])
    expect(pad.ownLabels).toBe(false)
  })
})

describe('the check of pad', () => {
  const taps = (one: string, other: string) => ({ ...PARAMS, taps: [{ student: one, teacher: other }] })

  it('takes vectors of the teacher, and anything of the student', () => {
    expect(pad.check?.(PARAMS, tinyJob())).toEqual([])
    expect(pad.check?.(taps('stage1', 'penultimate'), tinyJob())).toEqual([])
  })

  it('refuses maps of the teacher, and taps that are not there', () => {
    expect(pad.check?.(taps('stage1', 'stage1'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4, 4, 3]' }),
    ])
    expect(pad.check?.(taps('stage7', 'penultimate'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'stage7' }),
    ])
  })
})
