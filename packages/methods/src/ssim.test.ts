import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { type FeatureLossInput, featureLoss, ssim } from './ssim.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// one sample of a map [3, 4, 1]; the numbers expected of them come from checks/ssim.py
const map = (values: readonly number[]) => tf.tensor4d([...values], [1, 3, 4, 1])
const student = map([0.1, 0.4, 0.2, 0.9, 0.8, 0.3, 0.6, 0.5, 0.7, 0.15, 0.35, 0.65])
const teacher = map([0.3, 0.5, 0.1, 0.7, 0.9, 0.2, 0.8, 0.4, 0.6, 0.05, 0.25, 0.95])
const COMPARED = {
  featureLoss: 'ssim',
  normalise: 'none',
  minRange: 0.01,
  window: 3,
  sigma: 1.5,
  luminance: 1,
  contrast: 1,
  structure: 1,
} as const
type Change = Partial<Omit<FeatureLossInput, 'student' | 'teacher'>>
const loss = (s: Tensor, t: Tensor, change: Change = {}) =>
  featureLoss(maths, { ...COMPARED, ...change, student: s, teacher: t })
const lossOf = (s: Tensor, t: Tensor, change: Change = {}) => loss(s, t, change).dataSync()[0] ?? Number.NaN

const TAPS = [{ student: 'stage1', teacher: 'stage1' }]
const PARAMS = { ...COMPARED, normalise: 'sample', window: 11, taps: TAPS, weight: 2, adapter: 'needed' }
const TRAINING = { tf, method: ssim, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the structural loss', () => {
  it.each([
    [
      {},
      0.0794335,
      [
        -0.0427522, -0.0479962, 0.0879439, 0.0364473, -0.0784145, 0.1511111, -0.2957116, 0.0962943, 0.0179963,
        0.0655401, 0.1017074, -0.1089879,
      ],
    ],
    [
      { luminance: 2, contrast: 0.5, structure: 1 },
      0.0658571,
      [
        -0.0554751, -0.0538377, 0.0634816, 0.0578338, -0.0506256, 0.1218057, -0.2594412, 0.1029869, 0.0291182, 0.038853,
        0.0584028, -0.089885,
      ],
    ],
    [
      { normalise: 'sample' },
      0.0676997,
      [
        -0.0581185, -0.0552411, 0.0684033, 0.0537322, -0.0526078, 0.1253388, -0.2888933, 0.10142, 0.027173, 0.0456941,
        0.0937316, -0.1078902,
      ],
    ],
  ] as const)('with %j has the value and gradient of checks/ssim.py', (change, value, gradient) => {
    const found = valueAndGradient((s) => loss(s, teacher, change), student)
    expect(found.value).toBeCloseTo(value, 5)
    expectNear(found.gradient, gradient, 4)
  })

  it('is zero for equal maps, and once ranges are normalised for maps that one line leads between', () => {
    expect(lossOf(teacher, teacher)).toBeCloseTo(0, 5)
    for (const normalise of ['sample', 'channel'] as const)
      expect(lossOf(teacher.mul(3).add(7), teacher, { normalise })).toBeCloseTo(0, 4)
  })

  it('does not care which of two maps is whose', () => {
    expect(lossOf(student, teacher)).toBeCloseTo(lossOf(teacher, student), 6)
  })

  it('between constant maps is that of their means alone', () => {
    const [a, b] = [map(new Array(12).fill(0.4)), map(new Array(12).fill(0.6))]
    expect(1 - 2 * lossOf(a, b)).toBeCloseTo((2 * 0.4 * 0.6 + 1e-4) / (0.4 ** 2 + 0.6 ** 2 + 1e-4), 4)
    expect(1 - 2 * lossOf(a, b)).toBeCloseTo(0.92309, 4)
  })

  it('lies between 0 and 1, near 1 for a map and its negative', () => {
    const values = Array.from({ length: 16 * 16 * 2 }, (_, i) => {
      const noise = Math.sin(i * 12.9898) * 43_758.5453
      return noise - Math.floor(noise)
    })
    const noise = tf.tensor4d(values, [1, 16, 16, 2])
    const opposite = lossOf(tf.sub(1, noise), noise, { window: 11 })
    expect(opposite).toBeGreaterThan(0.9)
    expect(opposite).toBeLessThanOrEqual(1)
    expect(lossOf(student, teacher)).toBeGreaterThan(0)
  })

  it('takes of a smaller map the largest odd window that fits', () => {
    const [s, t] = [student, teacher].map((x) => x.slice([0, 0, 0, 0], [1, 3, 3, 1])) as [Tensor, Tensor]
    expect(lossOf(s, t, { window: 11 })).toBe(lossOf(s, t, { window: 3 }))
    const point = tf.ones([1, 1, 1, 2])
    expect(lossOf(point, point)).toBeCloseTo(0, 6)
  })

  it('keeps its gradient bounded for a map that hardly varies', () => {
    const flat = map(Array.from({ length: 12 }, (_, i) => 0.5 + 1e-6 * i))
    for (const change of [{}, { contrast: 0.5 }] as const) {
      const { gradient } = valueAndGradient((s) => loss(s, teacher, { ...change, normalise: 'sample' }), flat)
      for (const slope of gradient) expect(Math.abs(slope)).toBeLessThan(1000)
      expect(gradient.some((slope) => slope !== 0)).toBe(true)
    }
  })

  it('leaves out factors of exponent 0', () => {
    const constant = lossOf(student, teacher, { luminance: 0, contrast: 0, structure: 0 })
    expect(constant).toBe(0)
  })

  it('keeps the sign of a correlation, whatever its exponent', () => {
    const structure = { luminance: 0, contrast: 0, structure: 2 }
    expect(lossOf(tf.sub(1, teacher), teacher, structure)).toBeGreaterThan(0.9)
  })

  it('gives the teacher no gradient', () => {
    const inTeacher = (t: Tensor) => loss(student, t, { normalise: 'sample' }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(12).fill(0))
  })
})

describe('the losses place by place', () => {
  it('are means of absolute and of squared differences', () => {
    const differences = [0.2, 0.1, 0.1, 0.2, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.3]
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 12
    expect(lossOf(student, teacher, { featureLoss: 'l1' })).toBeCloseTo(mean(differences), 6)
    expect(lossOf(student, teacher, { featureLoss: 'l2' })).toBeCloseTo(mean(differences.map((d) => d * d)), 6)
  })

  it('compare maps as they are, whatever range the structural loss would take them to', () => {
    const change = { featureLoss: 'l2', normalise: 'sample' } as const
    expect(lossOf(teacher.add(7), teacher, change)).toBeCloseTo(49, 4)
  })
})

describe('the method ssim', () => {
  it.each(['ssim', 'l1', 'l2'] as const)('lowers its loss %s, with an adapter that is trained too', async (name) => {
    const spec = { steps: 90, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const params = { ...PARAMS, featureLoss: name, weight: 50 }
    const { losses, plan } = await trainMethod({ ...TRAINING, student: tinyCnn(6), spec, params })
    expect(Object.keys(losses)).toEqual(['ce', name])
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student', 'adapter:stage1:stage1'])
    const mean = (values: readonly number[] = []) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(losses[name]?.slice(-9))).toBeLessThan(0.9 * mean(losses[name]?.slice(0, 3)))
  })

  it('has no adapter where the maps fit, unless it always shall', async () => {
    const roles = async (adapter: string) => {
      const { plan } = await trainMethod({ ...TRAINING, teachers: [tinyCnn()], params: { ...PARAMS, adapter } })
      return plan.stages[0]?.players.length
    }
    expect([await roles('needed'), await roles('none'), await roles('always')]).toEqual([1, 1, 2])
  })
})

describe('the check of ssim', () => {
  it('takes maps that an adapter leads between', () => {
    expect(ssim.check?.(PARAMS, tinyJob())).toEqual([])
    expect(ssim.check?.({ ...PARAMS, taps: [{ student: 'stage1', teacher: 'stage2' }] }, tinyJob())).toEqual([])
  })

  it('refuses unequal maps without an adapter, and vectors with any', () => {
    expect(ssim.check?.({ ...PARAMS, adapter: 'none' }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4, 4, 2] and [4, 4, 3]' }),
    ])
    expect(ssim.check?.(PARAMS, tinyJob({ teacher: tinyMlp() }))).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4, 4, 2] and [4]' }),
    ])
  })

  it('refuses a window without a middle, and names taps that are not there', () => {
    expect(ssim.check?.({ ...PARAMS, window: 4 }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/window', received: '4' }),
    ])
    expect(ssim.check?.({ ...PARAMS, taps: [{ student: 'neck', teacher: 'stage1' }] }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'neck' }),
    ])
  })
})
