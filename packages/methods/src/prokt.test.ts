import type { GradientUpdate, MethodSetup, Plan, Scalar, Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { constrainedLoss, followingLoss, nextMultiplier, projectedLoss, prokt } from './prokt.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two samples, three classes; the numbers expected of them come from checks/prokt.py
const STUDENT = [2, -1, 0.5, 0, 1, -2]
const TEACHER = [3, 0, -1, -1, 2.5, 0.5]
const rows = (values: readonly number[]) => tf.tensor2d([...values], [2, 3])
const labels = tf.tensor1d([0, 2], 'int32')
const sum = (parts: Readonly<Record<string, Scalar>>) => tf.addN(Object.values(parts)).asScalar()

describe("the teacher's loss of prokt", () => {
  it.each([
    [1, 0.801836, [0.0110004, 0.0154838, -0.0264842, -0.038945, 0.2879115, -0.2489665]],
    [2, 0.9127215, [0.0394027, 0.0270438, -0.0664465, -0.0797393, 0.298235, -0.2184957]],
  ])('at temperature %i has the value and gradient of checks/prokt.py', (temperature, expected, slopes) => {
    const given = { student: rows(STUDENT), labels, temperature, lambda: 0.4 }
    const { value, gradient } = valueAndGradient(
      (teacher) => sum(projectedLoss(ops, { ...given, teacher })),
      rows(TEACHER),
    )
    expect(value).toBeCloseTo(expected, 5)
    expectNear(gradient, slopes, 5)
  })

  it('in the constrained form has the value and gradient of checks/prokt.py', () => {
    const given = { student: rows(STUDENT), labels, temperature: 1, bound: 1, multiplier: tf.scalar(0.5) }
    const loss = (teacher: Tensor) => sum(constrainedLoss(ops, { ...given, teacher }))
    const { value, gradient } = valueAndGradient(loss, rows(TEACHER))
    expect(value).toBeCloseTo(0.7796777, 5)
    expectNear(gradient, [0.0057804, 0.0251813, -0.0309617, -0.0454426, 0.4671365, -0.4216939], 5)
  })

  it('has no gradient in the student', () => {
    const given = { teacher: rows(TEACHER), labels, temperature: 1, lambda: 0.4 }
    const loss = (student: Tensor) =>
      sum(projectedLoss(ops, { ...given, student }))
        .add(student.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(loss, rows(STUDENT)).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('at lambda 1 moves nothing where teacher and student agree', () => {
    const given = { student: rows(STUDENT), labels, temperature: 1, lambda: 1 }
    const { gradient } = valueAndGradient((teacher) => sum(projectedLoss(ops, { ...given, teacher })), rows(STUDENT))
    expectNear(gradient, [0, 0, 0, 0, 0, 0], 7)
  })
})

describe("the student's loss of prokt", () => {
  const given = { labels, temperature: 1, labelWeight: 0 }

  it('has the value and gradient of checks/prokt.py, and no labels in it', () => {
    const parts = followingLoss(ops, { ...given, student: rows(STUDENT), teacher: rows(TEACHER) })
    expect(Object.keys(parts)).toEqual(['teacher'])
    const loss = (student: Tensor) => sum(followingLoss(ops, { ...given, student, teacher: rows(TEACHER) }))
    const { value, gradient } = valueAndGradient(loss, rows(STUDENT))
    expect(value).toBeCloseTo(0.1898674, 6)
    expectNear(gradient, [-0.0753213, -0.00375, 0.0790713, 0.1167939, -0.0762961, -0.0404978], 6)
  })

  it('has no gradient in the teacher', () => {
    const loss = (teacher: Tensor) =>
      sum(followingLoss(ops, { ...given, student: rows(STUDENT), teacher }))
        .add(teacher.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(loss, rows(TEACHER)).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('is zero with that of the teacher once both are right and sure', () => {
    const sure = rows([60, 0, 0, 0, 0, 60])
    const both = { ...given, student: sure, teacher: sure, lambda: 0.4 }
    expect(sum(followingLoss(ops, both)).dataSync()[0]).toBeCloseTo(0, 7)
    expect(sum(projectedLoss(ops, both)).dataSync()[0]).toBeCloseTo(0, 7)
  })
})

describe('the multiplier of prokt', () => {
  it('follows what is above or below the bound, as checks/prokt.py has it', () => {
    const given = { multiplier: tf.scalar(0.5), bound: 1, multiplierRate: 0.1 }
    const distance = ops.distillation(rows(TEACHER), rows(STUDENT), 1)
    expect(nextMultiplier(tf, { ...given, distance }).dataSync()[0]).toBeCloseTo(0.4340293, 6)
  })

  it('falls to zero below the bound, and stays there', () => {
    const given = { distance: tf.scalar(0.2), bound: 1, multiplierRate: 0.3 }
    const seen: number[] = []
    let multiplier: Tensor = tf.scalar(0.5)
    for (let i = 0; i < 4; i++) {
      multiplier = nextMultiplier(tf, { ...given, multiplier })
      seen.push(multiplier.dataSync()[0] ?? Number.NaN)
    }
    expectNear(seen, [0.26, 0.02, 0, 0], 6)
    expect(seen.slice(2)).toEqual([0, 0])
  })
})

const PARAMS = {
  ...{ form: 'projection', lambda: 0.4, bound: 1, multiplier: 1, multiplierRate: 0.1 },
  ...{ temperature: 1, labelWeight: 0, zeroHeads: true },
}
const TRAINING = { tf, method: prokt, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

/** The teacher by itself, with the labels. */
function supervised(plan: Plan, { teachers }: MethodSetup): Plan {
  const [stage, network] = [plan.stages[0], teachers[0]?.network]
  if (stage === undefined || !network) throw new Error('There is no teacher.')
  const update: GradientUpdate = {
    ...{ kind: 'gradient', name: 'supervised', trains: [network.role] },
    loss: ({ ops: own, batch, train }) => ({ ce: own.crossEntropy(train(network).logits, batch.labels) }),
  }
  const players = [{ role: network.role, variables: network.trainable }]
  return { deploy: network, stages: [{ ...stage, players, updates: [update] }] }
}

const ofRole = (role: string, all: Readonly<Record<string, string>> = {}) =>
  Object.entries(all).flatMap(([name, bytes]) => (name.startsWith(role) ? [bytes] : []))

describe('a training with prokt', () => {
  it('at lambda 0 leaves the teacher what it would be by itself, in every bit', async () => {
    const params = { ...PARAMS, lambda: 0, zeroHeads: false }
    const free = await trainMethod({ ...TRAINING, params })
    const alone = await trainMethod({ ...TRAINING, params, change: supervised })
    const led = await trainMethod({ ...TRAINING, params: { ...params, lambda: 0.4 } })
    expect(free.losses['teacher.ce']).toEqual(alone.losses['ce'])
    expect(ofRole('teachers[0]/', free.values.at(-1))).toEqual(ofRole('teachers[0]/', alone.values.at(-1)))
    expect(ofRole('teachers[0]/', led.values.at(-1))).not.toEqual(ofRole('teachers[0]/', alone.values.at(-1)))
  })

  it('begins with equal probabilities for every class, from either network', async () => {
    const { losses } = await trainMethod(TRAINING)
    expect(losses['teacher.ce']?.[0]).toBeCloseTo(0.6 * Math.log(3), 5)
    expect(losses['teacher.student']?.[0]).toBeCloseTo(0, 6)
    const free = await trainMethod({ ...TRAINING, params: { ...PARAMS, zeroHeads: false } })
    expect(free.losses['teacher.student']?.[0]).toBeGreaterThan(1e-3)
  })

  it('shows the student the teacher as it has just become', async () => {
    // before its step the teacher gives every class the same, as the student does: nothing to learn from that
    const { losses } = await trainMethod({ ...TRAINING, spec: { steps: 1 } })
    expect(losses['student.teacher']?.[0]).toBeGreaterThan(1e-7)
  })

  it('in the constrained form moves its multiplier with the distance, and logs both', async () => {
    const params = { ...PARAMS, form: 'constrained', lambda: 0 }
    const { losses, values } = await trainMethod({ ...TRAINING, params })
    expect(Object.keys(losses)).toEqual(['teacher.ce', 'teacher.student', 'student.teacher'])
    expect(values.at(-1)?.['state/multiplier']).not.toBe(values[0]?.['state/multiplier'])
  })

  it('deploys the student, evaluates both, and hands out the teacher too', async () => {
    const { plan } = await trainMethod(TRAINING)
    expect(plan.deploy.role).toBe('student')
    expect(plan.stages[0]?.evaluate?.map(({ role }) => role)).toEqual(['student', 'teachers[0]'])
    expect(Object.keys(plan.also ?? {})).toEqual(['teacher'])
  })

  it('trains the teacher with an optimiser of its own where one is given', async () => {
    const teacherOptimizer = { name: 'sgd', learningRate: 1e-30 }
    const params = { ...PARAMS, zeroHeads: false, teacherOptimizer }
    const { values, plan } = await trainMethod({ ...TRAINING, params })
    expect(plan.stages[0]?.players[1]?.optimizer).toEqual(teacherOptimizer)
    const kernel = 'teachers[0]/conv1/kernel'
    expect(values.at(-1)?.[kernel]).toBe(values[0]?.[kernel])
  })
})
