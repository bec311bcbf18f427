import type { Ops, Tensor, Tf } from '@stillhouse/engine'
import { createOps } from '@stillhouse/engine'
import * as tfjs from '@tensorflow/tfjs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { averageTeachers, kdLoss } from './kd.ts'

const tf = tfjs as Tf
let ops: Ops

beforeAll(async () => {
  await tf.setBackend('cpu')
  ops = createOps({ tf, seed: 0, step: () => tf.scalar(0, 'int32') })
})

// two samples, three classes; the numbers expected of them come from checks/kd.py
const STUDENT = [2, -1, 0.5, 0, 1, -2]
const TEACHER = [3, 0, -1, -1, 2.5, 0.5]
const SECOND_TEACHER = [1, 1, 0, 0.5, -0.5, 2]
const LABELS = [0, 2]
const rows = (values: readonly number[]) => tf.tensor2d([...values], [2, 3])

interface Case {
  readonly student?: readonly number[]
  readonly teacher?: readonly number[]
  readonly temperature?: number
  readonly alpha?: number
}

/** Parts of the loss and its gradient in the student's logits. */
function lossAndGradient({ student = STUDENT, teacher = TEACHER, temperature = 4, alpha = 0.9 }: Case) {
  return tf.tidy(() => {
    const parts = (z: Tensor) =>
      kdLoss(ops, { student: z, teacher: rows(teacher), labels: tf.tensor1d(LABELS, 'int32'), temperature, alpha })
    const total = (z: Tensor) => tf.addN(Object.values(parts(z)))
    const values = Object.entries(parts(rows(student))).map(([name, part]) => [name, part.dataSync()[0] ?? 0])
    const gradient = Array.from(tf.grad(total)(rows(student)).dataSync())
    return { parts: Object.fromEntries(values) as Record<string, number>, gradient }
  })
}

function softmax(logits: readonly number[], temperature: number): number[] {
  const powers = logits.map((z) => Math.exp(z / temperature))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

function expectNear(actual: readonly number[], expected: readonly number[], digits = 5): void {
  expect(actual).toHaveLength(expected.length)
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, digits)
}

describe('the loss of kd', () => {
  it('has the parts and the gradient that checks/kd.py works out in double precision', () => {
    const { parts, gradient } = lossAndGradient({})
    expect(parts['ce']).toBeCloseTo(0.1795162, 6)
    expect(parts['kd']).toBeCloseTo(0.6332905, 6)
    expectNear(gradient, [-0.1553841, -0.0663788, 0.2217629, 0.264854, -0.0547406, -0.2101134])
  })

  it('is zero with zero gradient where student and teacher differ by a constant per sample', () => {
    const student = TEACHER.map((z, i) => z + (i < 3 ? 5 : -2))
    const { parts, gradient } = lossAndGradient({ student, alpha: 1 })
    expect(parts['kd']).toBeCloseTo(0, 6)
    expectNear(gradient, [0, 0, 0, 0, 0, 0], 6)
  })

  it('has the gradient T (p_s − p_t) / B in its soft part, at any temperature', () => {
    const logits = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(
        logits,
        logits,
        fc.float({ min: Math.fround(0.5), max: 20, noNaN: true }),
        (student, teacher, temperature) => {
          const { gradient } = lossAndGradient({ student, teacher, temperature, alpha: 1 })
          const expected = [0, 3].flatMap((at) => {
            const [p, q] = [student, teacher].map((z) => softmax(z.slice(at, at + 3), temperature))
            return (p ?? []).map((value, k) => (temperature * (value - (q?.[k] ?? 0))) / 2)
          })
          expectNear(gradient, expected, 4)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('approaches half the mean squared difference of centred logits as the temperature grows', () => {
    const [student, teacher] = [STUDENT, TEACHER].map((logits) => logits.map((z) => z / 2)) as [number[], number[]]
    const { parts } = lossAndGradient({ student, teacher, temperature: 100, alpha: 1 })
    const centred = (z: readonly number[], at: number) => {
      const row = z.slice(at, at + 3)
      return row.map((value) => value - row.reduce((sum, other) => sum + other, 0) / 3)
    }
    const limits = [0, 3].map((at) => {
      const [s, t] = [centred(student, at), centred(teacher, at)]
      return s.reduce((sum, value, k) => sum + (value - (t[k] ?? 0)) ** 2, 0) / (2 * 3)
    })
    const limit = limits.reduce((sum, value) => sum + value, 0) / 2
    expect(Math.abs((parts['kd'] ?? 0) / limit - 1)).toBeLessThan(0.005)
  })

  it('measures the labels at temperature 1, whatever that of the teacher', () => {
    expect(lossAndGradient({ temperature: 1 }).parts['ce']).toBeCloseTo(0.1795162, 6)
    expect(lossAndGradient({ temperature: 20 }).parts['ce']).toBeCloseTo(0.1795162, 6)
  })

  it('leaves out a part that weighs nothing', () => {
    expect(Object.keys(lossAndGradient({ alpha: 1 }).parts)).toEqual(['kd'])
    expect(Object.keys(lossAndGradient({ alpha: 0 }).parts)).toEqual(['ce'])
  })

  it('gives the teacher no gradient', () => {
    const gradient = tf.tidy(() => {
      const loss = (teacher: Tensor) => ops.distillation(rows(STUDENT), teacher, 4).add(teacher.sum().mul(0))
      return Array.from(tf.grad(loss)(rows(TEACHER)).dataSync())
    })
    expectNear(gradient, [0, 0, 0, 0, 0, 0], 7)
  })
})

describe('several teachers of kd', () => {
  const average = (logits: readonly (readonly number[])[], shares: readonly number[], temperature: number) =>
    tf.tidy(() => Array.from(averageTeachers(tf, { logits: logits.map(rows), shares, temperature }).dataSync()))

  it('have the loss and the gradient that checks/kd.py works out in double precision', () => {
    const teacher = average([TEACHER, SECOND_TEACHER], [0.75, 0.25], 4)
    const { parts, gradient } = lossAndGradient({ teacher })
    expect(parts['kd']).toBeCloseTo(0.5827854, 5)
    expectNear(gradient, [-0.0727919, -0.1128102, 0.1856021, 0.2184081, 0.0592837, -0.2776918])
  })

  it('are averaged by their shares as probabilities at the temperature of the loss', () => {
    const averaged = average([TEACHER, SECOND_TEACHER], [0.75, 0.25], 4)
    const [p, q] = [softmax(TEACHER.slice(0, 3), 4), softmax(SECOND_TEACHER.slice(0, 3), 4)]
    const expected = p.map((value, k) => 0.75 * value + 0.25 * (q[k] ?? 0))
    expectNear(softmax(averaged.slice(0, 3), 4), expected, 6)
  })

  it('are one teacher when they agree', () => {
    const averaged = average([TEACHER, TEACHER], [0.5, 0.5], 4)
    expectNear(softmax(averaged.slice(3), 4), softmax(TEACHER.slice(3), 4), 6)
    expect(average([TEACHER], [1], 4)).toEqual(TEACHER.map(Math.fround))
  })

  it('stay finite for a class that no teacher believes in', () => {
    const sure = [0, -500, -500, 0, -500, -500]
    expect(average([sure, sure], [0.5, 0.5], 1).every(Number.isFinite)).toBe(true)
  })
})
