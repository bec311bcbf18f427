import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { ab, boundaryLoss } from './ab.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// two samples of a map [1, 2, 2], neurons of the teacher on either side and on the boundary; the numbers expected of them
// come from checks/ab.py
const maps = (values: readonly number[]) => tf.tensor4d([...values], [2, 1, 2, 2])
const student = maps([0.5, -1.5, 2, 0, 1.5, 0.25, -0.5, 1.25])
const teacher = maps([1, -2, -0.25, 0.5, 0, 3, 0.5, -1])
const lossOf = (s: Tensor, t: Tensor, margin = 1) =>
  boundaryLoss(maths, { student: s, teacher: t, margin }).dataSync()[0] ?? Number.NaN

const TAPS = ['norm1', 'norm2'].map((tap) => ({ student: tap, teacher: tap }))
const PARAMS = { taps: TAPS, weight: 0.003, margin: 1, boundaryShare: 0.5, temperature: 4, alpha: 0 }
const TRAINING = { tf, method: ab, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the boundary loss', () => {
  it('has the value and gradient of checks/ab.py', () => {
    const { value, gradient } = valueAndGradient(
      (s) => boundaryLoss(maths, { student: s, teacher, margin: 1 }),
      student,
    )
    expect(value).toBeCloseTo(12.1875, 5)
    expectNear(gradient, [-0.5, 0, 3, -1, 2.5, -0.75, -1.5, 2.25])
  })

  it('is zero once every neuron is beyond its margin, on the boundary the negative one', () => {
    const beyond = maps([1, -1, -4, 2, -1, 1.5, 3, -1.25])
    expect(lossOf(beyond, teacher)).toBe(0)
    expect(lossOf(beyond, teacher, 1.5)).toBeGreaterThan(0)
  })

  it('does not see how strongly the teacher fires', () => {
    expect(lossOf(student, teacher.mul(100))).toBe(lossOf(student, teacher))
  })

  it('is m² per neuron for a student of zeros', () => {
    expect(lossOf(tf.zerosLike(student), teacher)).toBe(4)
    expect(lossOf(tf.zerosLike(student), teacher, 3)).toBe(4 * 9)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) =>
      boundaryLoss(maths, { student, teacher: t, margin: 1 }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(8).fill(0))
  })
})

describe('the first stage of ab', () => {
  it('trains what leads to the taps and what lies between, and nothing above', async () => {
    const { values, stages, losses } = await trainMethod(TRAINING)
    expect(stages).toEqual(['boundary', 'train'])
    const [start = {}, after = {}] = values
    const changed = Object.keys(start).filter((name) => start[name] !== after[name])
    expect(changed).toEqual(expect.arrayContaining(['student/conv2/kernel', 'adapter:norm1:norm1/project/kernel']))
    expect(changed.filter((name) => /^student\/(conv3|norm3|logits)/.test(name))).toEqual([])
    // the connector's batch norm takes away what the last offset adds; the one before it reaches the second stage
    expect(changed).toContain('student/norm1/beta')
    expect(changed).not.toContain('student/norm2/beta')
    expect(Object.keys(losses)).toEqual(['boundary', 'ce'])
  })

  it('brings the student to the side of the teacher', async () => {
    const spec = { steps: 100, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, boundaryShare: 0.95 }, spec })
    const series = losses['boundary'] ?? []
    expect(series.at(-1)).toBeLessThan((series[0] ?? 0) * 0.75)
  })

  it('counts the pair before the deepest half as much', async () => {
    const spec = { steps: 2, optimizer: { name: 'sgd', learningRate: 1e-30 } } as const
    const firstLoss = async (taps: typeof TAPS) =>
      (await trainMethod({ ...TRAINING, params: { ...PARAMS, taps }, spec })).losses['boundary']?.[0] ?? Number.NaN
    const [both, shallow, deep] = [
      await firstLoss(TAPS),
      await firstLoss(TAPS.slice(0, 1)),
      await firstLoss(TAPS.slice(1)),
    ]
    expect(both).toBeCloseTo(0.5 * shallow + deep, 5)
  })

  it('averages several teachers, pair by pair', async () => {
    const spec = { steps: 2, optimizer: { name: 'sgd', learningRate: 1e-30 } } as const
    const { losses, plan } = await trainMethod({ ...TRAINING, teachers: [tinyCnn(3), tinyCnn(3)], spec })
    expect(plan.stages[0]?.players).toHaveLength(5)
    const [one = 0, both = 0] = [(await trainMethod({ ...TRAINING, spec })).losses, losses].map(
      ({ boundary }) => boundary?.[0],
    )
    expect(both).toBeGreaterThan(one / 2)
    expect(both).toBeLessThan(one * 2)
  })
})

describe('the second stage of ab', () => {
  it('trains the whole student by the labels, and the layers between no more', async () => {
    const { values, plan } = await trainMethod(TRAINING)
    const [, before = {}, end = {}] = values
    const changed = Object.keys(end).filter((name) => before[name] !== end[name])
    expect(changed).toEqual(expect.arrayContaining(['student/conv1/kernel', 'student/logits/kernel']))
    expect(changed.filter((name) => name.startsWith('adapter'))).toEqual([])
    expect(plan.deploy.role).toBe('student')
  })

  it("mixes in the teacher's probabilities where asked", async () => {
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, alpha: 0.9 } })
    expect(Object.keys(losses)).toEqual(['boundary', 'ce', 'kd'])
  })
})

describe('ab in a sum', () => {
  it('is the loss of its first stage', async () => {
    const asTerm = { ...ab, plan: undefined } as Record<string, unknown>
    delete asTerm['plan']
    const { losses, plan } = await trainMethod({ ...TRAINING, method: asTerm as never })
    expect(Object.keys(losses)).toEqual(['ce', 'boundary'])
    expect(plan.stages[0]?.players).toHaveLength(3)
  })
})

describe('the check of ab', () => {
  it('takes what a connector leads between', () => {
    expect(ab.check?.(PARAMS, tinyJob())).toEqual([])
  })

  it('names taps that are not there, and refuses a map from a vector', () => {
    const named = (tap: string) => ({ ...PARAMS, taps: [{ student: tap, teacher: 'norm1' }] })
    expect(ab.check?.(named('stage1.pre'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'stage1.pre' }),
    ])
    expect(ab.check?.(named('hidden'), tinyJob({ student: tinyMlp() }))).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4] and [4, 4, 3]' }),
    ])
  })
})
