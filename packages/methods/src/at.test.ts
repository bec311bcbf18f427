import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { at, attentionLoss, attentionOf } from './at.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// the numbers expected of these come from checks/at.py
const STUDENT = [0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1, 1, 1, 0, 2, -1, 0.5, 0.75, -0.25]
const student = tf.tensor4d(STUDENT, [2, 2, 2, 2])
const teacher = tf.tensor4d([1, 0.5, -2, 0, 0.25, 1.5, 1, -1], [2, 2, 2, 1])
const loss = (s: Tensor, t: Tensor, mode: 'code' | 'paper' = 'code') =>
  attentionLoss(maths, { student: s, teacher: t, mode })
const lossOf = (s: Tensor, t: Tensor, mode: 'code' | 'paper' = 'code') => loss(s, t, mode).dataSync()[0] ?? Number.NaN

const PARAMS = { taps: [{ student: 'stage1', teacher: 'stage1' }], weight: 1000, mode: 'code' }
const TRAINING = { tf, method: at, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the attention loss', () => {
  it.each([
    [
      'code',
      0.1385129,
      [
        -0.005048, 0.010096, 0.0797503, 0, -0.1069273, -0.0178212, -0.0071863, 0.0143726, 0.0377209, 0.0377209, 0,
        -0.0197292, 0.0150005, -0.0075002, -0.0206792, 0.0068931,
      ],
    ],
    [
      'paper',
      0.3546247,
      [
        -0.0053982, 0.0107964, 0.0852836, 0, -0.1143463, -0.0190577, -0.0076849, 0.0153698, 0.0780356, 0.0780356, 0,
        -0.0408151, 0.0310325, -0.0155162, -0.0427805, 0.0142602,
      ],
    ],
  ] as const)('in mode %s has the value and gradient of checks/at.py', (mode, value, gradient) => {
    const found = valueAndGradient((s) => loss(s, teacher, mode), student)
    expect(found.value).toBeCloseTo(value, 5)
    expectNear(found.gradient, gradient)
  })

  it('pools the larger map evenly to the size of the smaller, as checks/at.py does, and whichever is larger', () => {
    const tall = tf.tensor4d([1, 2, -1, 0.5, 3, 0.25], [1, 3, 2, 1])
    const small = teacher.slice([0, 0, 0, 0], [1, 2, 2, 1])
    const { value, gradient } = valueAndGradient((s) => loss(s, small), tall)
    expect(value).toBeCloseTo(0.2143312, 6)
    expectNear(gradient, [0, 0.140869, -0.1777184, 0.1452214, -0.1777184, 0.0043524])
    expect(lossOf(small, tall)).toBeCloseTo(0.2143312, 6)
  })

  it('does not change with the scale of a map or the order of its channels', () => {
    const before = lossOf(student, teacher)
    expect(lossOf(student.mul(7), teacher)).toBeCloseTo(before, 6)
    expect(lossOf(student, teacher.mul(0.01))).toBeCloseTo(before, 6)
    expect(lossOf(student.reverse(3), teacher)).toBeCloseTo(before, 6)
  })

  it('in mode code is the mean squared length of the difference, divided by the places', () => {
    const difference = attentionOf(maths, student).sub(attentionOf(maths, teacher))
    const lengths = difference.square().sum(-1).mean().dataSync()[0] ?? Number.NaN
    expect(lossOf(student, teacher)).toBeCloseTo(lengths / 4, 6)
  })

  it.each(['code', 'paper'] as const)('in mode %s is zero with zero gradient between equal maps', (mode) => {
    const { value, gradient } = valueAndGradient((s) => loss(s, student, mode), student)
    expect(value).toBeCloseTo(0, 7)
    expectNear(gradient, new Array(16).fill(0), 6)
  })

  it('is finite with zero gradient where a map is all zeros', () => {
    const { value, gradient } = valueAndGradient((s) => loss(s, teacher), tf.zerosLike(student))
    expect(value).toBeCloseTo(1 / 4, 6)
    for (const slope of gradient) expect(Math.abs(slope)).toBe(0)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) => loss(student, t).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(8).fill(0))
  })
})

describe('attention maps', () => {
  it('have rows of length one', () => {
    expectNear(Array.from(tf.norm(attentionOf(maths, student), 2, 1).dataSync()), [1, 1], 6)
  })
})

describe('the method at', () => {
  it('adds its loss to that of the labels, times its weight', async () => {
    const frozen = { steps: 3, optimizer: { name: 'sgd', learningRate: 1e-30 } } as const
    const { losses } = await trainMethod({ ...TRAINING, spec: frozen })
    const { losses: light } = await trainMethod({ ...TRAINING, spec: frozen, params: { ...PARAMS, weight: 1 } })
    expect(Object.keys(losses)).toEqual(['ce', 'at'])
    const ratios = (losses['at'] ?? []).map((value, i) => value / (light['at']?.[i] ?? 0))
    expectNear(ratios, [1000, 1000, 1000], 2)
  })

  it('brings attention closer to that of the teacher', async () => {
    const spec = { steps: 60, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses } = await trainMethod({ ...TRAINING, spec })
    const series = losses['at'] ?? []
    expect(series.at(-1)).toBeLessThan((series[0] ?? 0) / 2)
  })
})

describe('the check of at', () => {
  const taps = (name: string, other = name) => ({ ...PARAMS, taps: [{ student: name, teacher: other }] })

  it('takes maps of different sizes and widths', () => {
    expect(at.check?.(PARAMS, tinyJob())).toEqual([])
    expect(at.check?.(taps('stage1', 'stage2'), tinyJob())).toEqual([])
  })

  it('refuses vectors, and names taps that are not there', () => {
    expect(at.check?.(taps('penultimate'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4] and [4]' }),
    ])
    expect(at.check?.(taps('stage1'), tinyJob({ teacher: tinyMlp() }))).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4, 4, 2] and [4]' }),
    ])
    expect(at.check?.(taps('stage9', 'stage1'), tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'stage9' }),
    ])
  })
})
