import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { similaritiesOf, similarityLoss, sp } from './sp.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// three samples; the numbers expected of them come from checks/sp.py
const student = tf.tensor2d([0.5, -1, 2, 0.25, -0.5, 1.5], [3, 2])
const teacher = tf.tensor2d([1, 0, 0.5, 0.25, -1, 2, 1.5, 0.5, -0.75], [3, 3])
const loss = (s: Tensor, t: Tensor) => similarityLoss(maths, { student: s, teacher: t })
const lossOf = (s: Tensor, t: Tensor) => loss(s, t).dataSync()[0] ?? Number.NaN

const PARAMS = { taps: [{ student: 'stage2', teacher: 'stage2' }], weight: 3000 }
const TRAINING = { tf, method: sp, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the similarity loss', () => {
  it('has the value and gradient of checks/sp.py', () => {
    const { value, gradient } = valueAndGradient((s) => loss(s, teacher), student)
    expect(value).toBeCloseTo(0.2914416, 6)
    expectNear(gradient, [-0.1137963, -0.0694725, -0.0374154, 0.1052374, 0.0355883, 0.0358275])
  })

  it('is zero where features are those of the teacher, scaled and turned', () => {
    const turn = tf.tensor2d([0.6, 0.8, 0, -0.8, 0.6, 0, 0, 0, 1], [3, 3])
    expect(lossOf(tf.matMul(teacher, turn).mul(-3), teacher)).toBeCloseTo(0, 7)
    expect(lossOf(teacher.mul(2), teacher)).toBeCloseTo(0, 7)
  })

  it('does not depend on the order of the samples', () => {
    const turned = (x: Tensor) => tf.gather(x, tf.tensor1d([2, 0, 1], 'int32'))
    expect(lossOf(turned(student), turned(teacher))).toBeCloseTo(lossOf(student, teacher), 6)
  })

  it('sees in a map its values, whatever their arrangement', () => {
    const maps = teacher.reshape([3, 3, 1, 1])
    expect(lossOf(student, maps)).toBe(lossOf(student, teacher))
  })

  it('is zero with zero gradient for a single sample', () => {
    const one = (x: Tensor) => x.slice([0, 0], [1, x.shape[1] ?? 0])
    const { value, gradient } = valueAndGradient((s) => loss(s, one(teacher)), one(student))
    expect(value).toBeCloseTo(0, 7)
    expectNear(gradient, [0, 0], 6)
  })

  it('keeps its gradient bounded where the feature of a sample is zero', () => {
    const dead = tf.tensor2d([0, 0, 2, 0.25, -0.5, 1.5], [3, 2])
    const { gradient } = valueAndGradient((s) => loss(s, teacher), dead)
    for (const slope of gradient) expect(Math.abs(slope)).toBeLessThan(10)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) => loss(student, t).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(9).fill(0))
  })
})

describe('similarities', () => {
  it('have rows of length one, each for itself', () => {
    expectNear(Array.from(tf.norm(similaritiesOf(maths, teacher), 2, 1).dataSync()), [1, 1, 1], 6)
  })
})

describe('the method sp', () => {
  it('brings similarities closer to those of the teacher', async () => {
    const spec = { steps: 60, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses } = await trainMethod({ ...TRAINING, spec })
    const series = losses['sp'] ?? []
    expect(Object.keys(losses)).toEqual(['ce', 'sp'])
    expect(series.at(-1)).toBeLessThan((series[0] ?? 0) / 2)
  })

  it('asks for batches that have samples to compare', () => {
    expect(sp.needs.batchSize).toBe(2)
  })
})

describe('the check of sp', () => {
  it('takes features of any shapes', () => {
    expect(sp.check?.(PARAMS, tinyJob())).toEqual([])
    const taps = [{ student: 'stage1', teacher: 'stage1' }]
    expect(sp.check?.({ ...PARAMS, taps }, tinyJob({ teacher: tinyMlp() }))).toEqual([])
  })

  it('names taps that are not there', () => {
    expect(sp.check?.(PARAMS, tinyJob({ teacher: tinyMlp() }))).toEqual([
      expect.objectContaining({ path: '/taps/0/teacher', received: 'stage2' }),
    ])
  })
})
