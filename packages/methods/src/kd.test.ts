import type { Ops, Tensor, Tf } from '@stillhouse/engine'
import { createOps } from '@stillhouse/engine'
import * as tfjs from '@tensorflow/tfjs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { averageLogits, averageTeachers, correlationLoss, distParts, dkdParts, kd, kdLoss } from './kd.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

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

describe('the parts of dkd', () => {
  const y = tf.tensor1d(LABELS, 'int32')
  const partsOf = (student: Tensor, teacher: Tensor, temperature = 4) =>
    dkdParts({ tf, ops }, { student, teacher, y, temperature })
  const read = (x: Tensor) => Array.from(x.dataSync())

  it('have the values and the gradient that checks/kd_variants.py works out in double precision', () => {
    const { target, nonTarget } = partsOf(rows(STUDENT), rows(TEACHER))
    expectNear(read(target), [0.0129423, 0.0223119], 6)
    expectNear(read(nonTarget), [0.0485442, 0.0436105], 6)
    const loss = (z: Tensor) => {
      const parts = partsOf(z, rows(TEACHER))
      return parts.target.add(parts.nonTarget.mul(8)).mean().mul(16)
    }
    expectNear(
      read(tf.grad(loss)(rows(STUDENT))),
      [-0.1607377, -2.4120158, 2.5727535, 2.3764811, -2.1966263, -0.1798548],
    )
  })

  it.each([1, 4])('add up to plain distillation per sample, the others weighed by 1 − p_y, at temperature %i', (T) => {
    const { target, nonTarget } = partsOf(rows(STUDENT), rows(TEACHER), T)
    const share = [0, 3].map((start, i) => 1 - (softmax(TEACHER.slice(start, start + 3), T)[LABELS[i] ?? 0] ?? 0))
    const total = target.add(nonTarget.mul(tf.tensor1d(share)))
    const plain = ops.distillation(rows(STUDENT), rows(TEACHER), T)
    expect((total.mean().dataSync()[0] ?? 0) * T ** 2).toBeCloseTo(plain.dataSync()[0] ?? Number.NaN, 5)
  })

  it('are zero with zero gradient where student and teacher agree, and finite where they are sure', () => {
    const loss = (z: Tensor) =>
      partsOf(z, rows(TEACHER))
        .target.add(partsOf(z, rows(TEACHER)).nonTarget)
        .sum()
    expectNear(read(loss(rows(TEACHER))), [0], 6)
    expectNear(read(tf.grad(loss)(rows(TEACHER))), [0, 0, 0, 0, 0, 0], 6)
    const sure = rows([500, 0, 0, 0, 500, 0])
    const { target, nonTarget } = partsOf(sure, sure.reverse(1), 1)
    expect([...read(target), ...read(nonTarget)].every(Number.isFinite)).toBe(true)
  })

  it('say of two classes only how sure the teacher is', () => {
    const [two, other] = [tf.tensor2d([1, -1], [1, 2]), tf.tensor2d([0, 2], [1, 2])]
    const { target, nonTarget } = dkdParts(
      { tf, ops },
      { student: two, teacher: other, y: tf.tensor1d([1], 'int32'), temperature: 1 },
    )
    expect(target.dataSync()[0]).toBeGreaterThan(0.1)
    expect(nonTarget.dataSync()[0]).toBeCloseTo(0, 6)
  })
})

describe('the parts of dist', () => {
  const partsOf = (student: Tensor, teacher: Tensor, temperature = 4) =>
    distParts({ tf, ops }, { student, teacher, temperature })
  const value = (x: Tensor) => x.dataSync()[0] ?? Number.NaN
  const three = (values: readonly number[]) => tf.tensor2d([...values], [3, 3])

  it('have the values and the gradients that checks/kd_variants.py works out in double precision', () => {
    expect(value(partsOf(rows(STUDENT), rows(TEACHER)).inter)).toBeCloseTo(0.2850827, 5)
    const inter = tf.grad((z: Tensor) => partsOf(z, rows(TEACHER)).inter)(rows(STUDENT))
    expectNear(Array.from(inter.dataSync()), [-0.0596168, -0.040974, 0.1005908, 0.1706991, -0.1272946, -0.0434046])
    const [student, teacher] = [three([...STUDENT, 0.5, 0.25, 1]), three([...TEACHER, 1, 1, -2])]
    expect(value(partsOf(student, teacher).intra)).toBeCloseTo(0.7615848, 5)
    const intra = tf.grad((z: Tensor) => partsOf(z, teacher).intra)(student)
    expectNear(
      Array.from(intra.dataSync()),
      [-0.0429377, 0.0083403, 0.0345973, 0.0905555, -0.0489995, -0.041556, -0.0550112, 0.0220667, 0.0329445],
    )
  })

  it('do not change as probabilities are scaled and moved', () => {
    const p = tf.tensor2d([0.7, 0.2, 0.1, 0.1, 0.3, 0.6], [2, 3])
    const q = tf.tensor2d([0.5, 0.1, 0.4, 0.3, 0.3, 0.4], [2, 3])
    const loss = (x: Tensor) => value(correlationLoss(tf, { p: x, q, axis: 1 }))
    expect(loss(p.mul(3).add(5))).toBeCloseTo(loss(p), 5)
    expect(value(correlationLoss(tf, { p: p.mul(2).sub(1), q: p, axis: 0 }))).toBeCloseTo(0, 5)
  })

  it('are zero where student and teacher agree', () => {
    const { inter, intra } = partsOf(rows(TEACHER), rows(TEACHER))
    expectNear([value(inter), value(intra)], [0, 0], 5)
  })

  it('have a finite gradient where nothing varies: a batch of one, a student that says nothing', () => {
    const one = (values: readonly number[]) => tf.tensor2d(values.slice(0, 3), [1, 3])
    const gradient = tf.grad((z: Tensor) => partsOf(z, one(TEACHER)).intra)(one(STUDENT))
    expectNear(Array.from(gradient.dataSync()), [0, 0, 0], 7)
    const both = (z: Tensor) => partsOf(z, rows(TEACHER)).inter.add(partsOf(z, rows(TEACHER)).intra)
    expect(
      Array.from(
        tf
          .grad(both)(tf.zeros([2, 3]))
          .dataSync(),
      ).every(Number.isFinite),
    ).toBe(true)
  })
})

describe('the method kd', () => {
  const PARAMS = {
    ...{ variant: 'kd', temperature: 4, alpha: 0.9, average: 'probabilities', labelWeight: 1 },
    ...{ targetWeight: 1, nonTargetWeight: 8, warmupEpochs: 0, interWeight: 1, intraWeight: 1, scaleByT2: true },
  }
  // nothing moves, so that runs see the same losses but for the parameters
  const still = { steps: 6, optimizer: { name: 'sgd', learningRate: 1e-30 } } as const
  const TRAINING = { tf, method: kd, params: PARAMS, teachers: [tinyCnn(3)], spec: still } satisfies TrainMethod
  const lossesOf = async (change: object, teachers = [tinyCnn(3)]) =>
    (await trainMethod({ ...TRAINING, teachers, params: { ...PARAMS, ...change } })).losses
  const ratios = (of: readonly number[] = [], to: readonly number[] = []) => of.map((value, i) => value / (to[i] ?? 0))

  it.each([
    ['kd', {}, ['ce', 'kd']],
    ['kd', { alpha: 1 }, ['kd']],
    ['dkd', {}, ['ce', 'target', 'nonTarget']],
    ['dkd', { labelWeight: 0, targetWeight: 0 }, ['nonTarget']],
    ['dist', {}, ['ce', 'inter', 'intra']],
    ['dist', { intraWeight: 0 }, ['ce', 'inter']],
  ])('as %s with %j has the parts %j', async (variant, change, names) => {
    const losses = await lossesOf({ variant, ...change })
    expect(Object.keys(losses)).toEqual(names)
    for (const values of Object.values(losses)) expect(values.every(Number.isFinite)).toBe(true)
  })

  it('learns without labels as dkd and dist would with them, at the same scale', async () => {
    for (const variant of ['dkd', 'dist']) {
      const { ce, ...parts } = await lossesOf({ variant })
      expect(await lossesOf({ variant, labelWeight: 0 })).toEqual(parts)
      expect(ce?.every((value) => value > 0)).toBe(true)
    }
  })

  it('as dkd rises along a line over its first epochs', async () => {
    // six steps of eight of 24 samples: two epochs
    const [rising, flat] = [await lossesOf({ variant: 'dkd', warmupEpochs: 1.5 }), await lossesOf({ variant: 'dkd' })]
    expectNear(ratios(rising['nonTarget'], flat['nonTarget']), [0, 2 / 9, 4 / 9, 6 / 9, 8 / 9, 1])
    expectNear(ratios(rising['target'], flat['target']), [0, 2 / 9, 4 / 9, 6 / 9, 8 / 9, 1])
    expect(rising['ce']).toEqual(flat['ce'])
  })

  it('as dist is scaled by the squared temperature or not', async () => {
    const [scaled, plain] = [await lossesOf({ variant: 'dist' }), await lossesOf({ variant: 'dist', scaleByT2: false })]
    expectNear(ratios(scaled['inter'], plain['inter']), new Array(6).fill(16), 3)
  })

  it('lowers the loss of every variant', async () => {
    const spec = { steps: 60, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    for (const [variant, part] of [
      ['dkd', 'nonTarget'],
      ['dist', 'inter'],
    ] as const) {
      const { losses } = await trainMethod({ ...TRAINING, spec, params: { ...PARAMS, variant } })
      expect(losses[part]?.at(-1)).toBeLessThan((losses[part]?.[0] ?? 0) / 2)
    }
  })

  it('averages logits where the job asks for it', async () => {
    const logits = [rows(TEACHER), rows(SECOND_TEACHER)]
    const averaged = averageLogits(tf, { logits, shares: [0.75, 0.25] })
    expectNear(
      Array.from(averaged.dataSync()),
      TEACHER.map((z, i) => 0.75 * z + 0.25 * (SECOND_TEACHER[i] ?? 0)),
    )
    const two = [tinyCnn(3), tinyCnn(1)]
    const [probabilities, ofLogits] = [await lossesOf({}, two), await lossesOf({ average: 'logits' }, two)]
    expect(ofLogits['kd']).not.toEqual(probabilities['kd'])
    expect(await lossesOf({ average: 'logits' })).toEqual(await lossesOf({}))
  })

  it('says which of its parameters read labels', () => {
    const faults = (change: object) => kd.withoutLabels?.({ ...PARAMS, ...change })
    expect(faults({})).toEqual([expect.objectContaining({ path: '/alpha', expected: '1', received: '0.9' })])
    expect(faults({ alpha: 1 })).toEqual([])
    expect(faults({ variant: 'dkd', labelWeight: 0 })).toEqual([expect.objectContaining({ path: '/variant' })])
    expect(faults({ variant: 'dist' })).toEqual([expect.objectContaining({ path: '/labelWeight' })])
    expect(faults({ variant: 'dist', labelWeight: 0 })).toEqual([])
  })

  it('refuses mixed labels as dkd, batches of one as dist, and weights that are all 0', () => {
    const faults = (change: object, job = {}) => kd.check?.({ ...PARAMS, ...change }, tinyJob(job))
    expect(faults({ variant: 'dkd' }, { mixedLabels: true })).toEqual([expect.objectContaining({ path: '/variant' })])
    expect(faults({ variant: 'dist' }, { mixedLabels: true })).toEqual([])
    expect(faults({ variant: 'dist' }, { batchSize: 1 })).toEqual([expect.objectContaining({ path: '/intraWeight' })])
    expect(faults({ variant: 'dist', intraWeight: 0 }, { batchSize: 1 })).toEqual([])
    const nothing = { labelWeight: 0, targetWeight: 0, nonTargetWeight: 0, interWeight: 0, intraWeight: 0 }
    expect(faults({ variant: 'dkd', ...nothing })).toEqual([expect.objectContaining({ path: '/targetWeight' })])
    expect(faults({ variant: 'dist', ...nothing })).toEqual([expect.objectContaining({ path: '/interWeight' })])
    expect(faults({ ...nothing })).toEqual([])
  })
})
