import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { angleLoss, anglesOf, distanceLoss, type RelationInput, relativeDistances, rkd } from './rkd.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// four samples; the numbers expected of them come from checks/rkd.py
const student = tf.tensor2d([0.5, -1, 2, 0.25, -0.5, 1.5, 7, 3], [4, 2])
const teacher = tf.tensor2d([1, 0, 0.5, 0.25, -1, 2, 1.5, 0.5, -0.75, 0, 0.1, 0.2], [4, 3])
const losses = { distance: distanceLoss, angle: angleLoss } as const
const each = Object.keys(losses) as (keyof typeof losses)[]
const lossOf = (name: keyof typeof losses, input: RelationInput) =>
  losses[name](maths, input).dataSync()[0] ?? Number.NaN

const PARAMS = { taps: [{ student: 'penultimate', teacher: 'penultimate' }], distanceWeight: 25, angleWeight: 50 }
const TRAINING = { tf, method: rkd, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the losses of rkd', () => {
  it.each([
    ['distance', 0.2042012, [-0.0016001, 0.01791, -0.0449214, 0.0028603, 0.0266195, -0.0294295, 0.019902, 0.0086593]],
    ['angle', 0.1582052, [-0.0085685, -0.0236363, -0.0123817, 0.022996, 0.0198517, 0.0000146, 0.0010985, 0.0006256]],
  ] as const)('by %s have the value and gradient of checks/rkd.py', (name, value, gradient) => {
    const found = valueAndGradient((s) => losses[name](maths, { student: s, teacher }), student)
    expect(found.value).toBeCloseTo(value, 5)
    expectNear(found.gradient, gradient)
  })

  it.each(each)('by %s are zero where the embedding is that of the teacher, scaled, turned and moved', (name) => {
    const turn = tf.tensor2d([0.6, 0.8, 0, -0.8, 0.6, 0, 0, 0, 1], [3, 3])
    const moved = tf
      .matMul(teacher, turn)
      .mul(3)
      .add(tf.tensor1d([5, -2, 1]))
    expect(lossOf(name, { student: moved, teacher })).toBeCloseTo(0, 6)
  })

  it.each(each)('by %s do not change as the student is scaled, turned or moved', (name) => {
    const turn = tf.tensor2d([0.6, 0.8, -0.8, 0.6], [2, 2])
    const moved = tf.matMul(student, turn).mul(0.2).add(20)
    expect(lossOf(name, { student: moved, teacher })).toBeCloseTo(lossOf(name, { student, teacher }), 4)
  })

  it.each(each)('by %s keep a bounded gradient where samples are the same', (name) => {
    const doubled = tf.tensor2d([0.5, -1, 0.5, -1, 0.5, -1, 4, 3], [4, 2])
    const { value, gradient } = valueAndGradient((s) => losses[name](maths, { student: s, teacher }), doubled)
    expect(value).toBeGreaterThan(0)
    for (const slope of gradient) expect(Math.abs(slope)).toBeLessThan(10)
    const same = valueAndGradient((s) => losses[name](maths, { student: s, teacher }), tf.ones([4, 2]))
    for (const slope of same.gradient) expect(Math.abs(slope)).toBe(0)
  })

  it.each(each)('by %s are zero with zero gradient for a single sample', (name) => {
    const one = (x: Tensor) => x.slice([0, 0], [1, x.shape[1] ?? 0])
    const loss = (s: Tensor) => losses[name](maths, { student: s, teacher: one(teacher) })
    expect(valueAndGradient(loss, one(student))).toEqual({ value: 0, gradient: [0, 0] })
  })

  it.each(each)('by %s give the teacher no gradient', (name) => {
    const inTeacher = (t: Tensor) => losses[name](maths, { student, teacher: t }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(12).fill(0))
  })
})

describe('relations of samples', () => {
  it('are distances of mean one off a diagonal of zeros', () => {
    const distances = Array.from(relativeDistances(tf, student).dataSync())
    expect([0, 5, 10, 15].map((i) => distances[i])).toEqual([0, 0, 0, 0])
    expect(distances.reduce((sum, value) => sum + value, 0) / 12).toBeCloseTo(1, 6)
  })

  it('are cosines of the angle at the first index', () => {
    const corner = tf.tensor2d([0, 0, 2, 0, 3, 3], [3, 2])
    const cosines = anglesOf(maths, corner).arraySync() as number[][][]
    expect(cosines[0]?.[1]?.[2]).toBeCloseTo(Math.SQRT1_2, 6)
    expect(cosines[0]?.[1]?.[1]).toBeCloseTo(1, 6)
    expect(cosines[0]?.[0]?.[1]).toBe(0)
  })

  it('see in a map its mean over the places', () => {
    const maps = tf.stack([student.add(1), student.sub(1)], 1).reshape([4, 1, 2, 2])
    expectNear(
      Array.from(relativeDistances(tf, maps).dataSync()),
      Array.from(relativeDistances(tf, student).dataSync()),
      6,
    )
  })
})

describe('the method rkd', () => {
  it('brings distances and angles closer to those of the teacher', async () => {
    const spec = { steps: 60, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses: series } = await trainMethod({ ...TRAINING, spec })
    expect(Object.keys(series)).toEqual(['ce', 'distance', 'angle'])
    const total = (i: number) => (series['distance']?.at(i) ?? Number.NaN) + (series['angle']?.at(i) ?? 0)
    expect(total(-1)).toBeLessThan(total(0) / 2)
  })

  it('leaves out what weighs nothing', async () => {
    const { losses: series } = await trainMethod({ ...TRAINING, params: { ...PARAMS, angleWeight: 0 } })
    expect(Object.keys(series)).toEqual(['ce', 'distance'])
  })
})

describe('the check of rkd', () => {
  it('takes embeddings of any width', () => {
    expect(rkd.check?.(PARAMS, tinyJob({ teacher: tinyMlp(9) }))).toEqual([])
  })

  it('refuses angles in batches too small to have any or too large to hold them', () => {
    for (const batchSize of [2, 257])
      expect(rkd.check?.(PARAMS, tinyJob({ batchSize }))).toEqual([
        expect.objectContaining({ path: '/angleWeight', expected: expect.stringContaining(`it is ${batchSize}`) }),
      ])
    expect(rkd.check?.({ ...PARAMS, angleWeight: 0 }, tinyJob({ batchSize: 2 }))).toEqual([])
  })

  it('refuses embeddings whose differences would not fit', () => {
    const wide = { ...PARAMS, angleWeight: 0 }
    expect(rkd.check?.(wide, tinyJob({ batchSize: 4096 }))).toEqual([])
    expect(rkd.check?.(wide, tinyJob({ batchSize: 4097 }))).toEqual([
      expect.objectContaining({ path: '/taps/0', expected: expect.stringContaining('at most 3 channels') }),
    ])
  })

  it('refuses to weigh nothing at all', () => {
    expect(rkd.check?.({ ...PARAMS, distanceWeight: 0, angleWeight: 0 }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/distanceWeight' }),
    ])
  })

  it('names taps that are not there', () => {
    const taps = [{ student: 'pooled', teacher: 'penultimate' }]
    expect(rkd.check?.({ ...PARAMS, taps }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'pooled' }),
    ])
  })
})
