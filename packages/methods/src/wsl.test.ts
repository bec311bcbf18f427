import type { Plan, StepContext, Tensor, Update } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'
import { regularisationSamples, sampleWeights, type WslInput, wsl, wslLoss } from './wsl.ts'

const maths = { tf, ops }
// two samples, three classes; the numbers expected of them come from checks/wsl.py
const student = tf.tensor2d([2, -1, 0.5, 0, 1, -2], [2, 3])
const teacher = tf.tensor2d([3, 0, -1, -1, 2.5, 0.5], [2, 3])
const y = tf.tensor1d([0, 2], 'int32')
const BASE = { teacher, softTeacher: teacher, y, temperature: 2, alpha: 2.5, weighting: 'wsl' } as const

const total = (s: Tensor, change: Partial<WslInput> = {}) => {
  const { ce, soft } = wslLoss(maths, { ...BASE, ...change, student: s })
  return ce.add(soft).asScalar()
}
const weights = (s: Tensor, t: Tensor) => Array.from(sampleWeights(maths, { student: s, teacher: t, y }).dataSync())
const partsOf = (s: Tensor, change: Partial<WslInput> = {}) => {
  const { ce, soft } = wslLoss(maths, { ...BASE, ...change, student: s })
  return [ce, soft].map((part) => part.dataSync()[0] ?? Number.NaN)
}
/** Logits whose cross-entropy with the labels is about the given one. */
const atLoss = (loss: number) => {
  const z = Math.log(1 / Math.expm1(loss)) + Math.log(2)
  return tf.tensor2d([z, 0, 0, 0, 0, z], [2, 3])
}

const PARAMS = { temperature: 2, alpha: 2.5, weighting: 'wsl', diagnostic: false }
const TRAINING = { tf, method: wsl, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod

describe('the loss of wsl', () => {
  it.each([
    ['wsl', 9.9487155, [-0.4636308, -0.0599738, 0.5236047, 0.5612317, 0.1513183, -0.71255]],
    ['uniform', 11.1326666, [-0.4730191, -0.0620687, 0.5350878, 0.6766976, 0.0974301, -0.7741278]],
  ] as const)('with weights by %s has the value and gradient of checks/wsl.py', (weighting, value, gradient) => {
    const found = valueAndGradient((s) => total(s, { weighting }), student)
    expect(found.value).toBeCloseTo(value, 5)
    expectNear(found.gradient, gradient)
  })

  it('has as its gradient that of the labels and, by its weights, those of the soft losses of single samples', () => {
    const [first = 0, second = 0] = weights(student, teacher)
    const softOf = (i: number) => (s: Tensor) => {
      const row = (x: Tensor) => x.slice([i, 0], [1, 3])
      const input = { ...BASE, teacher: row(teacher), softTeacher: row(teacher), y: y.slice(i, 1) }
      return wslLoss(maths, { ...input, student: row(s), weighting: 'uniform' }).soft
    }
    const labels = valueAndGradient((s) => ops.crossEntropy(s, y), student).gradient
    const [one, two] = [0, 1].map((i) => valueAndGradient(softOf(i), student).gradient)
    const expected = labels.map((slope, k) => slope + (first * (one?.[k] ?? 0) + second * (two?.[k] ?? 0)) / 2)
    expectNear(valueAndGradient((s) => total(s), student).gradient, expected)
  })

  it('becomes that of uniform weights for a teacher that knows the labels by heart', () => {
    const sure = tf.tensor2d([40, 0, 0, 0, 0, 40], [2, 3])
    const change = { teacher: sure, softTeacher: sure }
    expectNear(weights(student, sure), [1, 1], 6)
    expectNear(partsOf(student, change), partsOf(student, { ...change, weighting: 'uniform' }), 5)
  })

  it('leaves only the labels for a student that knows them', () => {
    const sure = tf.tensor2d([40, 0, 0, 0, 0, 40], [2, 3])
    expectNear(weights(sure, teacher), [0, 0], 6)
    expectNear(partsOf(sure), [0, 0], 5)
  })

  it('gives no teacher a gradient', () => {
    const inTeacher = (t: Tensor) => total(student, { teacher: t, softTeacher: t }).add(t.sum().mul(0)).asScalar()
    expect(valueAndGradient(inTeacher, teacher).gradient).toEqual(new Array(6).fill(0))
  })
})

describe('the weights of samples', () => {
  it('are those of checks/wsl.py', () => {
    expectNear(weights(student, teacher), [0.9743361, 0.788891], 5)
  })

  it('are 1 − 1/e where student and teacher agree', () => {
    expectNear(weights(teacher, teacher), [1 - Math.exp(-1), 1 - Math.exp(-1)], 5)
  })

  it("rise with the student's loss and fall with the teacher's", () => {
    const levels = [0.1, 0.5, 1, 2]
    const byStudent = levels.map((level) => weights(atLoss(level), atLoss(0.7))[0] ?? 0)
    const byTeacher = levels.map((level) => weights(atLoss(0.7), atLoss(level))[0] ?? 0)
    expect(byStudent).toEqual([...new Set(byStudent)].sort((a, b) => a - b))
    expect(byTeacher).toEqual([...new Set(byTeacher)].sort((a, b) => b - a))
    expect(byStudent[0]).toBeCloseTo(1 - Math.exp(-0.1 / 0.7), 4)
  })

  it('give nobody a gradient', () => {
    const sum = (s: Tensor) => sampleWeights(maths, { student: s, teacher: s, y }).sum().add(s.sum().mul(0)).asScalar()
    expect(valueAndGradient(sum, student).gradient).toEqual(new Array(6).fill(0))
  })
})

describe('regularisation samples', () => {
  it('are those that checks/wsl.py finds by differences of the losses', () => {
    const of = (logits: readonly number[], softTeacher: Tensor) => {
      const input = { student: tf.tensor2d([...logits], [2, 3]), softTeacher, y, temperature: 2 }
      return Array.from(regularisationSamples(tf, input).dataSync())
    }
    expect(of([6, 0, 0, 0, 1, -2], teacher)).toEqual([1, 0])
    expect(of([2.9, 0, 0, 0, 1, -2], tf.tensor2d([4.5, 0, 0, -1, 2.5, 0.5], [2, 3]))).toEqual([1, 0])
  })
})

describe('the method wsl', () => {
  it('has a part of its own for the labels, and needs them unmixed', async () => {
    expect([wsl.ownLabels, wsl.needs.labels, wsl.needs.hardLabels]).toEqual([true, true, true])
    expect(Object.keys((await trainMethod(TRAINING)).losses)).toEqual(['ce', 'soft'])
  })

  it('logs weights and regularisation samples where the job asks for them, and trains the same', async () => {
    const logged: number[][] = []
    const watching = (update: Update): Update => {
      if (update.kind !== 'state') return update
      const run = (step: StepContext) => {
        const values = update.run(step) ?? {}
        expect(Object.keys(values)).toEqual(['regularisation', 'sampleWeight'])
        logged.push(Object.values(values).map((value) => value.dataSync()[0] ?? Number.NaN))
        return values
      }
      return { ...update, run }
    }
    const change = (plan: Plan) => ({
      ...plan,
      stages: plan.stages.map((stage) => ({ ...stage, updates: stage.updates.map(watching) })),
    })
    const watched = await trainMethod({ ...TRAINING, params: { ...PARAMS, diagnostic: true }, change })
    const plain = await trainMethod(TRAINING)
    expect(logged.length).toBeGreaterThanOrEqual(6)
    for (const value of logged.flat()) expect(value >= 0 && value <= 1).toBe(true)
    expect(watched.losses).toEqual(plain.losses)
    expect(watched.values.at(-1)).toEqual(plain.values.at(-1))
  })

  it('averages several teachers as probabilities', async () => {
    const one = await trainMethod(TRAINING)
    const twice = await trainMethod({ ...TRAINING, teachers: [tinyCnn(3), tinyCnn(2)] })
    expect(twice.losses['soft']).toHaveLength(one.losses['soft']?.length ?? 0)
    expect(twice.losses['soft']?.every(Number.isFinite)).toBe(true)
    expect(twice.losses['soft']).not.toEqual(one.losses['soft'])
  })
})
