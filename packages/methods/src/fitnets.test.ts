import type { Architecture, MethodJob, Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { fitnets, hintError, hintLoss } from './fitnets.ts'
import { softCrossEntropy } from './shared/soft-cross-entropy.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two samples of a map [1, 2, 2]; the numbers expected of them come from checks/fitnets.py
const GUIDED = [0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1]
const HINT = [1, 0, 1, 0.5, 0, 0.25, 0.5, -1]
const maps = (values: readonly number[]) => tf.tensor4d([...values], [2, 1, 2, 2])
const logits = (values: readonly number[]) => tf.tensor2d([...values], [2, 3])

const PARAMS = {
  taps: [{ student: 'stage1', teacher: 'stage1' }],
  regressor: 'conv',
  reduction: 'sum',
  hintShare: 0.5,
  temperature: 3,
  lambdaStart: 4,
  lambdaEnd: 1,
}
const TRAINING = { tf, method: fitnets, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the hint loss of fitnets', () => {
  it.each([
    ['sum', 2.4375, [-0.25, -0.5, 0.5, -0.25, 0.75, 0, -0.5, 1]],
    ['mean', 0.609375, [-0.0625, -0.125, 0.125, -0.0625, 0.1875, 0, -0.125, 0.25]],
  ] as const)('by the %s has the value and gradient of checks/fitnets.py', (reduction, expected, slopes) => {
    const loss = (student: Tensor) => hintLoss(ops, { student, teacher: maps(HINT), reduction })
    const { value, gradient } = valueAndGradient(loss, maps(GUIDED))
    expect(value).toBeCloseTo(expected, 6)
    expectNear(gradient, slopes, 6)
  })

  it('in a sum is the mean squared error of checks/fitnets.py', () => {
    const { value, gradient } = valueAndGradient(
      (student) => hintError(ops, { student, teacher: maps(HINT) }),
      maps(GUIDED),
    )
    expect(value).toBeCloseTo(1.21875, 6)
    expectNear(gradient, [-0.125, -0.25, 0.25, -0.125, 0.375, 0, -0.25, 0.5], 6)
  })

  it('is zero between equal maps', () => {
    for (const reduction of ['sum', 'mean'] as const)
      expect(hintLoss(ops, { student: maps(HINT), teacher: maps(HINT), reduction }).dataSync()[0]).toBe(0)
    expect(hintError(ops, { student: maps(HINT), teacher: maps(HINT) }).dataSync()[0]).toBe(0)
  })

  it('gives the hint layer no gradient', () => {
    for (const loss of [
      hintError,
      (o: typeof ops, pair: Parameters<typeof hintError>[1]) => hintLoss(o, { ...pair, reduction: 'sum' }),
    ]) {
      const inTeacher = (teacher: Tensor) => loss(ops, { student: maps(GUIDED), teacher }).add(teacher.sum().mul(0))
      expect(valueAndGradient((teacher) => inTeacher(teacher).asScalar(), maps(HINT)).gradient).toEqual(
        HINT.map(() => 0),
      )
    }
  })
})

describe('the soft cross-entropy of fitnets', () => {
  it('has the value and gradient of checks/fitnets.py', () => {
    const teacher = logits([3, 0, -1, -1, 2.5, 0.5])
    const loss = (student: Tensor) => softCrossEntropy({ tf, ops }, { student, teacher, temperature: 3 })
    const { value, gradient } = valueAndGradient(loss, logits([2, -1, 0.5, 0, 1, -2]))
    expect(value).toBeCloseTo(1.0296322, 6)
    expectNear(gradient, [-0.0177435, -0.0065275, 0.024271, 0.0288514, -0.0113745, -0.0174769], 6)
  })
})

describe('the first stage of fitnets', () => {
  it('leaves everything above the guided layer as it was, in every bit, and its statistics too', async () => {
    const { values, plan } = await trainMethod(TRAINING)
    expect(plan.stages[0]?.players.map(({ variables }) => variables.length)).toEqual([3, 2])
    const [start = {}, afterHint = {}] = values
    const changed = Object.keys(start).filter((name) => afterHint[name] !== start[name])
    expect(changed.sort()).toEqual([
      'adapter:stage1:stage1/project/bias',
      'adapter:stage1:stage1/project/kernel',
      'student/conv1/kernel',
      'student/norm1/beta',
      'student/norm1/gamma',
      'student/norm1/moving_mean',
      'student/norm1/moving_variance',
    ])
  })

  it('brings the guided layer to less than half of its first distance from the hint', async () => {
    const { losses } = await trainMethod({
      ...TRAINING,
      params: { ...PARAMS, hintShare: 0.9 },
      spec: { steps: 60, optimizer: { name: 'adam', learningRate: 0.02 } },
    })
    const hint = losses['hint'] ?? []
    expect(hint).toHaveLength(54)
    expect(hint.at(-1)).toBeLessThan((hint[0] ?? 0) / 2)
  })

  it('trains no regressor where it has none', async () => {
    const { plan } = await trainMethod({ ...TRAINING, params: { ...PARAMS, regressor: 'none' }, teachers: [tinyCnn()] })
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student'])
  })
})

describe('the second stage of fitnets', () => {
  it('trains the whole student, and the regressor no more', async () => {
    const { values, plan, stages } = await trainMethod(TRAINING)
    expect(stages).toEqual(['hint', 'distil'])
    const [, afterHint = {}, end = {}] = values
    const changed = Object.keys(end).filter((name) => end[name] !== afterHint[name])
    expect(changed.filter((name) => name.startsWith('adapter'))).toEqual([])
    expect(changed).toEqual(expect.arrayContaining(['student/conv1/kernel', 'student/logits/kernel']))
    expect(plan.deploy.role).toBe('student')
    expect(plan.deploy.variables.some(({ name }) => name.includes('project'))).toBe(false)
  })

  it("weighs the teacher's probabilities by λ, which falls along a line over this stage alone", async () => {
    const flat = { ...PARAMS, lambdaStart: 1, lambdaEnd: 1 }
    // nothing moves, so both runs see the same losses but for λ
    const spec = { steps: 12, optimizer: { name: 'sgd', learningRate: 1e-30 } } as const
    const [annealed, plain] = await Promise.all(
      [PARAMS, flat].map(async (params) => (await trainMethod({ ...TRAINING, params, spec })).losses['soft'] ?? []),
    )
    const lambdas = (annealed ?? []).map((value, i) => value / (plain?.[i] ?? 0))
    expectNear(lambdas, [4, 3.5, 3, 2.5, 2, 1.5], 4)
  })
})

describe('fitnets in a sum', () => {
  it('trains its regressor with the student, and leaves the labels to other terms', async () => {
    const asTerm = { ...fitnets, plan: undefined } as Record<string, unknown>
    delete asTerm['plan']
    const { losses, plan } = await trainMethod({ ...TRAINING, method: asTerm as never })
    expect(Object.keys(losses)).toEqual(['ce', 'hint'])
    expect(fitnets.ownLabels).toBe(false)
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student', 'adapter:stage1:stage1'])
  })

  it('averages several teachers by their weights, each with a regressor of its own', async () => {
    const { plan, losses } = await trainMethod({ ...TRAINING, teachers: [tinyCnn(3), tinyCnn(1)] })
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual([
      'student',
      'adapter:stage1:stage1@0',
      'adapter:stage1:stage1@1',
    ])
    expect(losses['hint']?.every(Number.isFinite)).toBe(true)
  })
})

describe('the check of fitnets', () => {
  const check = (change: object, teacher: Architecture | null = tinyCnn(3), student = tinyCnn()) => {
    const { signature } = tinyImages()
    const job: MethodJob = { signature, student, teachers: [teacher], peers: [], batchSize: 8, sources: {} }
    return fitnets.check?.({ ...PARAMS, ...change }, job) ?? []
  }
  const taps = (student: string, teacher: string) => ({ taps: [{ student, teacher }] })

  it('takes what there is, and leaves a teacher that is still to be loaded to the run', () => {
    expect(check({})).toEqual([])
    expect(check(taps('stage2', 'whatever'), null)).toEqual([])
    expect(check(taps('relu1', 'conv2'))).toEqual([])
  })

  it('names taps that are not there, with those that are', () => {
    expect(check(taps('stage7', 'stage8'))).toEqual([
      expect.objectContaining({
        path: '/taps/0/student',
        received: 'stage7',
        expected: expect.stringContaining('stage2 [2, 2, 4]'),
      }),
      expect.objectContaining({ path: '/taps/0/teacher', received: 'stage8' }),
    ])
  })

  it('refuses unequal shapes without a regressor, and shapes that none leads between', () => {
    expect(check({ regressor: 'none' })).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4, 4, 2] and [4, 4, 3]' }),
    ])
    expect(check(taps('stage1', 'stage1'), tinyCnn(3), tinyMlp())).toEqual([
      expect.objectContaining({ path: '/taps/0', received: '[4] and [4, 4, 3]' }),
    ])
  })

  it('is made up for at the start of a run with a loaded teacher that does not fit', async () => {
    const run = trainMethod({ ...TRAINING, student: tinyMlp() })
    await expect(run).rejects.toMatchObject({
      code: 'spec.rejected',
      message: expect.stringContaining('[4] and [4, 4, 3]'),
    })
  })
})
