import type { Plan, Scalar, StepContext, Tensor, Update } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { judgementLoss, lightTeacherLoss, lwKd, persuasionLoss, targetEntropy } from './lw-kd.ts'
import { none } from './none.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two samples, three classes; the numbers expected of them come from checks/lw-kd.py
const STUDENT = [2, -1, 0.5, 0, 1, -2]
const TEACHER = [4, 0.5, -1, -1, 0, 3]
const rows = (values: readonly number[]) => tf.tensor2d([...values], [2, 3])
const column = (values: readonly number[]) => tf.tensor2d([...values], [2, 1])
const labels = tf.tensor1d([0, 2], 'int32')
const sum = (parts: Readonly<Record<string, Scalar>>) => tf.addN(Object.values(parts)).asScalar()

describe("the student's loss of lw-kd", () => {
  const given = { teacher: rows(TEACHER), labels, alpha: 0.1, temperature: 6 }

  it('has the value and gradient of checks/lw-kd.py', () => {
    const loss = (student: Tensor) => sum(lightTeacherLoss(ops, { ...given, student }))
    const { value, gradient } = valueAndGradient(loss, rows(STUDENT))
    expect(value).toBeCloseTo(1.8801597, 5)
    expectNear(gradient, [-0.1212672, 0.0098685, 0.1113987, 0.1476418, 0.3538897, -0.5015315], 5)
  })

  it('with a teacher that knows nothing but the class has the gradient of label smoothing', () => {
    const [e, alpha] = [0.1, 0.3]
    const smooth = [0, 2].flatMap((y) => [0, 1, 2].map((k) => (k === y ? 1 - e : e / 2)))
    const teacher = rows(smooth.map(Math.log))
    const loss = (student: Tensor) => sum(lightTeacherLoss(ops, { student, teacher, labels, alpha, temperature: 1 }))
    const targets = smooth.map((q, i) => alpha * q + (1 - alpha) * ([0, 5].includes(i) ? 1 : 0))
    const smoothed = (student: Tensor) => ops.crossEntropy(student, rows(targets))
    expectNear(valueAndGradient(loss, rows(STUDENT)).gradient, valueAndGradient(smoothed, rows(STUDENT)).gradient, 6)
  })

  it('at alpha 0 is cross-entropy, and has no gradient in the teacher', () => {
    const parts = lightTeacherLoss(ops, { ...given, student: rows(STUDENT), alpha: 0, teacher: null })
    expect(Object.keys(parts)).toEqual(['ce'])
    expect(sum(parts).dataSync()[0]).toBeCloseTo(ops.crossEntropy(rows(STUDENT), labels).dataSync()[0] ?? -1, 6)
    const loss = (teacher: Tensor) =>
      sum(lightTeacherLoss(ops, { ...given, student: rows(STUDENT), teacher }))
        .add(teacher.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(loss, rows(TEACHER)).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe('the entropy of what lw-kd teaches', () => {
  const given = { teacher: rows([0, 0, 0, 0, 0, 0]), labels, temperature: 6 }
  const entropy = (alpha: number) => targetEntropy(tf, { ...given, alpha }).dataSync()[0]

  it('is that of the labels without a teacher, and the largest with one that knows nothing', () => {
    expect(entropy(0)).toBeCloseTo(0, 6)
    expect(entropy(1)).toBeCloseTo(Math.log(3), 6)
  })

  it('is that of label smoothing with the share of such a teacher', () => {
    const q = [0.8, 0.1, 0.1]
    const expected = -q.reduce((sum, value) => sum + value * Math.log(value), 0)
    expect(entropy(0.3)).toBeCloseTo(expected, 6)
  })
})

describe('the discriminator of lw-kd', () => {
  const [ofTeacher, ofStudent] = [
    [1.5, -0.5],
    [0.25, -2],
  ] as const

  it('has the loss and gradients of checks/lw-kd.py', () => {
    const byStudent = (student: Tensor) => judgementLoss(tf, { teacher: column(ofTeacher), student })
    const { value, gradient } = valueAndGradient(byStudent, column(ofStudent))
    expect(value).toBeCloseTo(1.0641788, 5)
    expectNear(gradient, [0.2810883, 0.0596015], 5)
    const byTeacher = (teacher: Tensor) => judgementLoss(tf, { teacher, student: column(ofStudent) })
    expectNear(valueAndGradient(byTeacher, column(ofTeacher)).gradient, [-0.0912128, -0.3112297], 5)
  })

  it('is fooled at the loss and gradient of checks/lw-kd.py', () => {
    const { value, gradient } = valueAndGradient((judged) => persuasionLoss(tf, judged), column(ofStudent))
    expect(value).toBeCloseTo(1.3514337, 5)
    expectNear(gradient, [-0.2189117, -0.4403985], 5)
  })

  it('that cannot tell costs 2 ln 2, and the student ln 2', () => {
    const unsure = column([0, 0])
    expect(judgementLoss(tf, { teacher: unsure, student: unsure }).dataSync()[0]).toBeCloseTo(2 * Math.LN2, 6)
    expect(persuasionLoss(tf, unsure).dataSync()[0]).toBeCloseTo(Math.LN2, 6)
  })

  it('that is sure costs a finite number', () => {
    expect(judgementLoss(tf, { teacher: column([-500, -500]), student: column([500, 500]) }).dataSync()[0]).toBeCloseTo(
      1000,
      3,
    )
  })
})

const PARAMS = {
  ...{ teacherShare: 0.5, alpha: 0.1, temperature: 6, adversarialWeight: 0.01 },
  ...{ discriminator: 8, discriminatorRate: 0.001, diagnostic: false },
}
const TRAINING = { tf, method: lwKd, params: PARAMS, teachers: [tinyCnn(1)] } satisfies TrainMethod

describe('a training with lw-kd', () => {
  it('trains the teacher first, by itself, and then the student with the discriminator', async () => {
    const { stages, values, losses } = await trainMethod(TRAINING)
    expect(stages).toEqual(['teacher', 'student'])
    const changed = (from: number) =>
      new Set(
        Object.keys(values[0] ?? {}).flatMap((name) =>
          values[from]?.[name] === values[from + 1]?.[name] ? [] : [name.split('/')[0]],
        ),
      )
    expect([...changed(0)]).toEqual(['teachers[0]'])
    expect([...changed(1)].sort()).toEqual(['discriminator', 'student'])
    expect(Object.keys(losses)).toEqual([
      'ce',
      'discriminator.judgement',
      'student.ce',
      'student.kd',
      'student.adversarial',
    ])
  })

  it('leaves the discriminator as it is where only the student steps', async () => {
    const { values } = await trainMethod({
      ...TRAINING,
      change: (plan) => ({
        ...plan,
        stages: plan.stages.map((stage) => ({
          ...stage,
          players: stage.players.filter(({ role }) => role !== 'discriminator'),
          updates: stage.updates.filter(({ name }) => name !== 'discriminator'),
        })),
      }),
    })
    const judge = Object.keys(values[0] ?? {}).filter((name) => name.startsWith('discriminator/'))
    expect(judge.length).toBeGreaterThan(0)
    for (const name of judge) expect(values.at(-1)?.[name]).toBe(values[0]?.[name])
  })

  it('without discriminator and with hardly a teacher is training with the labels', async () => {
    const { losses } = await trainMethod({
      ...TRAINING,
      params: { ...PARAMS, alpha: 0, adversarialWeight: 0 },
      change: (plan) => ({ ...plan, stages: plan.stages.slice(1).map((stage) => ({ ...stage, share: 1 })) }),
    })
    const alone = await trainMethod({ tf, method: none, params: {} })
    expect(losses).toEqual(alone.losses)
  })

  it('logs the entropy of its targets where the job asks for it, and trains the same', async () => {
    const logged: number[] = []
    const watching = (update: Update): Update => {
      if (update.kind !== 'state') return update
      const run = (step: StepContext) => {
        const values = update.run(step) ?? {}
        logged.push(values['targetEntropy']?.dataSync()[0] ?? Number.NaN)
        return values
      }
      return { ...update, run }
    }
    const change = (plan: Plan) => ({
      ...plan,
      stages: plan.stages.map((stage) => ({ ...stage, updates: stage.updates.map(watching) })),
    })
    const watched = await trainMethod({ ...TRAINING, params: { ...PARAMS, diagnostic: true }, change })
    expect(logged.length).toBeGreaterThan(0)
    for (const value of logged) expect(value > 0 && value < Math.log(3)).toBe(true)
    expect(watched.values.at(-1)).toEqual((await trainMethod(TRAINING)).values.at(-1))
  })

  it('learns from other samples than its own, of the same classes', async () => {
    const { plan } = await trainMethod(TRAINING)
    expect(plan.stages[0]?.batch).toEqual({ source: 'synthetic' })
    expect(plan.stages[1]?.streams).toEqual({ synthetic: { source: 'synthetic', draw: 'sameClass' } })
    expect(plan.stages[1]?.batch).toBeUndefined()
  })
})

describe('the check of lw-kd', () => {
  const { signature } = tinyImages()
  const job = { signature, student: tinyCnn(), teachers: [tinyCnn()], peers: [], batchSize: 8 }
  const check = (inputShape: number[], classes = signature.classes, change: object = {}) =>
    lwKd.check?.({ ...PARAMS, ...change }, { ...job, sources: { synthetic: { inputShape, classes } } })

  it('takes synthetic images of the same size and larger ones', () => {
    expect(check([4, 4, 1])).toEqual([])
    expect(check([9, 6, 1])).toEqual([])
  })

  it.each([
    ['of another number of classes', [4, 4, 1], 4, 'classes'],
    ['that are smaller', [3, 4, 1], 3, 'larger'],
    ['of other channels', [4, 4, 3], 3, 'channels'],
    ['that are no images', [16], 3, '[4, 4, 1]'],
  ])('refuses synthetic samples %s', (_, shape, classes, expected) => {
    expect(check(shape, classes)).toEqual([
      expect.objectContaining({ in: 'job', path: '/sources/synthetic', expected: expect.stringContaining(expected) }),
    ])
  })

  it('refuses to train a teacher for nothing', () => {
    expect(check([4, 4, 1], 3, { alpha: 0, adversarialWeight: 0 })).toEqual([
      expect.objectContaining({ path: '/alpha' }),
    ])
  })
})
