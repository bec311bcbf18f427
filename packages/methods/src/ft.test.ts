import { buildNetwork, forward, type Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { factorLoss, ft, paraphraserOf, reconstructionError } from './ft.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// two samples of a map [1, 2, 2]; the numbers expected of them come from checks/ft.py
const maps = (values: readonly number[]) => tf.tensor4d([...values], [2, 1, 2, 2])
const student = maps([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1])
const teacher = maps([1, 0, 1, 0.5, 0, 0.25, 0.5, -1])
const lossOf = (s: Tensor, t: Tensor) => factorLoss(maths, { student: s, teacher: t }).dataSync()[0] ?? Number.NaN

const PARAMS = { taps: [{ student: 'stage2', teacher: 'stage2' }], weight: 200, rate: 0.5, paraphraserShare: 0.5 }
const TRAINING = { tf, method: ft, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the factor loss', () => {
  it('has the value and gradient of checks/ft.py', () => {
    const { value, gradient } = valueAndGradient((s) => factorLoss(maths, { student: s, teacher }), student)
    expect(value).toBeCloseTo(0.5511167, 6)
    expectNear(
      gradient,
      [-0.0675436, -0.0285762, 0.0025978, -0.0545545, -0.0104568, -0.0790072, -0.0406655, 0.0151043],
      6,
    )
  })

  it('does not see the scale of either factor, and is zero between equal ones', () => {
    expect(lossOf(student.mul(3), teacher.mul(0.1))).toBeCloseTo(lossOf(student, teacher), 6)
    expect(lossOf(teacher.mul(7), teacher)).toBeCloseTo(0, 7)
  })

  it('is finite for a factor of zeros, and gives the teacher no gradient', () => {
    const { value, gradient } = valueAndGradient(
      (s) => factorLoss(maths, { student: s, teacher }),
      tf.zerosLike(student),
    )
    expect([value, ...gradient].every(Number.isFinite)).toBe(true)
    const inTeacher = (t: Tensor) => factorLoss(maths, { student, teacher: t }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(8).fill(0))
  })
})

describe('the reconstruction error', () => {
  it('has the value and gradient of checks/ft.py', () => {
    const { value, gradient } = valueAndGradient(
      (paraphrased) => reconstructionError({ paraphrased, teacher }),
      student,
    )
    expect(value).toBeCloseTo(1.21875, 6)
    expectNear(gradient, [-0.125, -0.25, 0.25, -0.125, 0.375, 0, -0.25, 0.5], 6)
  })
})

describe('the paraphraser', () => {
  it('leads through fewer channels and back', () => {
    const network = buildNetwork({ tf, role: 'paraphraser', architecture: paraphraserOf([2, 3, 6], 0.5), seed: 1 })
    const { logits, tap } = forward({ tf, network, x: tf.ones([4, 2, 3, 6]) })
    expect([tap('factor').shape, logits.shape]).toEqual([
      [4, 2, 3, 3],
      [4, 2, 3, 6],
    ])
    expect(network.model.layers.map((layer) => layer.getClassName()).filter((name) => name.includes('Conv'))).toEqual([
      ...new Array(3).fill('Conv2D'),
      ...new Array(3).fill('Conv2DTranspose'),
    ])
  })

  it('has at least one channel', () => {
    expect(paraphraserOf([2, 2, 3], 0.1).layers.find(({ name }) => name === 'conv3')).toMatchObject({ filters: 1 })
  })

  it('lets a tenth of what is below zero through', () => {
    const network = buildNetwork({ tf, role: 'leak', architecture: paraphraserOf([1, 1, 2], 0.5), seed: 1 })
    const { tap } = forward({ tf, network, x: tf.tensor4d([1, -2, -3, 1], [2, 1, 1, 2]) })
    const expected = Array.from(tap('conv1').dataSync(), (value) => (value < 0 ? 0.1 * value : value))
    expect(expected.some((value) => value < 0)).toBe(true)
    expectNear(Array.from(tap('conv1-leaky').dataSync()), expected, 6)
  })
})

describe('the first stage of ft', () => {
  it('trains the paraphraser alone', async () => {
    const { values, plan, stages } = await trainMethod(TRAINING)
    expect(stages).toEqual(['paraphrase', 'transfer'])
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['paraphraser:0'])
    const [start = {}, after = {}] = values
    const changed = Object.keys(start).filter((name) => start[name] !== after[name])
    expect(changed.length).toBeGreaterThan(0)
    expect(changed.filter((name) => !name.startsWith('paraphraser:0/'))).toEqual([])
  })

  it('brings the reconstruction below half its first error', async () => {
    const spec = { steps: 150, optimizer: { name: 'adam', learningRate: 0.01 } } as const
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, paraphraserShare: 0.95 }, spec })
    const series = losses['reconstruction'] ?? []
    expect(series.at(-1)).toBeLessThan((series[0] ?? 0) / 2)
  })
})

describe('the second stage of ft', () => {
  it('trains student and translator, and leaves the paraphraser as it was, in every bit', async () => {
    const { values, plan } = await trainMethod(TRAINING)
    const [, before = {}, end = {}] = values
    const changed = Object.keys(end).filter((name) => before[name] !== end[name])
    expect(changed.filter((name) => name.startsWith('paraphraser'))).toEqual([])
    expect(changed).toEqual(expect.arrayContaining(['student/conv1/kernel', 'adapter:stage2:stage2/conv1/kernel']))
    expect(plan.deploy.role).toBe('student')
  })

  it('brings the factors closer to those of the teacher', async () => {
    const spec = { steps: 100, optimizer: { name: 'adam', learningRate: 0.01 } } as const
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, paraphraserShare: 0.2 }, spec })
    const series = losses['factor'] ?? []
    expect(series).toHaveLength(80)
    expect(series.at(-1)).toBeLessThan((series[0] ?? 0) * 0.8)
  })

  it('has modules for every pair and every teacher', async () => {
    const taps = ['stage1', 'stage2'].map((tap) => ({ student: tap, teacher: tap }))
    const { plan, losses } = await trainMethod({
      ...TRAINING,
      params: { ...PARAMS, taps },
      teachers: [tinyCnn(3), tinyCnn(4)],
    })
    expect(plan.stages[0]?.players).toHaveLength(4)
    expect(plan.stages[1]?.players).toHaveLength(5)
    expect(losses['factor']?.every(Number.isFinite)).toBe(true)
  })
})

describe('the check of ft', () => {
  const taps = (one: string, other: string) => ({ ...PARAMS, taps: [{ student: one, teacher: other }] })

  it('takes maps, of unequal size too', () => {
    expect(ft.check?.(PARAMS, tinyJob())).toEqual([])
    expect(ft.check?.(taps('stage1', 'stage2'), tinyJob())).toEqual([])
    expect(ft.check?.(taps('stage2', 'stage1'), tinyJob())).toEqual([])
  })

  it('refuses vectors and taps that are not there', () => {
    expect(ft.check?.(taps('stage2', 'penultimate'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[2, 2, 4] and [4]' }),
    ])
    expect(ft.check?.(PARAMS, tinyJob({ student: tinyMlp() }))).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'stage2' }),
    ])
  })
})
