import type { MethodJob, Plan, Stage, Tensor } from '@stillhouse/engine'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { kd } from './kd.ts'
import {
  type AnchorDecision,
  explicitAnchors,
  hardnessOf,
  intervalAnchors,
  meanDivergence,
  nextAnchor,
  rco,
} from './rco.ts'
import { kdLoss } from './shared/kd-loss.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two samples, three classes; the numbers expected of them come from checks/rco.py
const STUDENT = [2, -1, 0.5, 0, 1, -2]
const ROUTE = [
  [1.5, -0.5, 0.5, 0.25, 1, -1],
  [1, 1, 0, 0.5, -0.5, 2],
  [3, 0, -1, -1, 2.5, 0.5],
]
const HARDNESS = [1, 36.7254412, 4.8721628]

const PARAMS = {
  anchors: 'interval',
  every: 1,
  explicit: [-1],
  delta: 0.8,
  rule: 'before-first',
  restart: true,
  temperature: 4,
  alpha: 0.9,
}
/** The same inner loss as a method of its own. */
const KD = Value.Default(kd.parameters, { temperature: 4, alpha: 0.9 }) as Record<string, unknown>
const TRAINING = {
  tf,
  method: rco,
  params: PARAMS,
  teachers: [tinyCnn(3)],
  snapshots: 3,
  spec: { steps: 8, optimizer: { name: 'adam', learningRate: 0.02 }, schedule: { name: 'cosine' } },
} satisfies TrainMethod

describe('the loss of rco at an anchor', () => {
  it('has the value and gradient that checks/rco.py works out in double precision', () => {
    const teacher = tf.tensor2d(ROUTE[0] ?? [], [2, 3])
    const labels = tf.tensor1d([0, 2], 'int32')
    const loss = (student: Tensor) =>
      tf.addN(Object.values(kdLoss(ops, { student, teacher, labels, temperature: 4, alpha: 0.9 }))).asScalar()
    const { value, gradient } = valueAndGradient(loss, tf.tensor2d(STUDENT, [2, 3]))
    expect(value).toBeCloseTo(0.2500457, 6)
    expectNear(gradient, [0.0681339, -0.0620382, -0.0060956, 0.0229986, 0.0958046, -0.1188031], 6)
  })
})

describe('the hardness of an anchor', () => {
  const divergences = ROUTE.map((target) =>
    meanDivergence({ target: Float32Array.from(target), answer: Float32Array.from(STUDENT), classes: 3 }),
  )

  it('is what checks/rco.py works out, and 1 for the present one', () => {
    expectNear(divergences, [0.0389698, 1.4311843, 0.1898674], 6)
    expectNear(hardnessOf(divergences), HARDNESS, 5)
  })

  it('stays a number where the student agrees with its anchor in every bit', () => {
    expect(hardnessOf([0, 0.5])[0]).toBe(1)
    expect(hardnessOf([0, 0.5]).every(Number.isFinite)).toBe(true)
  })

  it('decides on the last point at a large delta, and on the next at −1', () => {
    const next = (delta: number) => nextAnchor({ from: 1, hardness: [1, 1.5, 1.9, 5], delta, rule: 'before-first' })
    expect(next(1e9)).toBe(4)
    expect(next(-1)).toBe(2)
    expect(next(0.8)).toBe(2)
    expect(next(0.95)).toBe(3)
  })

  it('decides by the first point that is too hard, or by the furthest that is not', () => {
    const given = { from: 2, hardness: HARDNESS, delta: 10 }
    expect(nextAnchor({ ...given, rule: 'before-first' })).toBe(3)
    expect(nextAnchor({ ...given, rule: 'furthest' })).toBe(4)
    expect(nextAnchor({ ...given, delta: 0, rule: 'furthest' })).toBe(3)
  })
})

describe('the anchors of rco', () => {
  it('at an interval end with the trained teacher', () => {
    expect(intervalAnchors(5, 1)).toEqual([1, 2, 3, 4, 5])
    expect(intervalAnchors(5, 2)).toEqual([2, 4, 5])
    expect(intervalAnchors(4, 2)).toEqual([2, 4])
    expect(intervalAnchors(3, 10)).toEqual([3])
  })

  it('that are named count from either end, and must be there', () => {
    expect(explicitAnchors(4, [1, 3, -1])).toEqual([1, 3, 4])
    expect(explicitAnchors(4, [4, 4, -1])).toEqual([4, 4, 4])
    for (const point of [0, 5, -5])
      expect(() => explicitAnchors(4, [point])).toThrow(expect.objectContaining({ code: 'spec.rejected' }))
  })

  it('have equal shares, and are the copies of a teacher before itself, teacher by teacher', async () => {
    const two = await trainMethod({ ...TRAINING, teachers: [tinyCnn(3), tinyCnn(2)], snapshots: 1 })
    expect(two.stages).toEqual(['anchor1-point1', 'anchor2-point2', 'anchor3-point3', 'anchor4-point4'])
    expect(two.plan.stages.map(({ share }) => share)).toEqual([0.25, 0.25, 0.25, 0.25])
  })
})

describe('a training with rco', () => {
  const explicit = (points: number[]) => ({ ...PARAMS, anchors: 'explicit', explicit: points })

  it.each([true, false])('with one anchor is kd, in every bit (restart: %s)', async (restart) => {
    const one = await trainMethod({ ...TRAINING, params: { ...explicit([-1]), restart } })
    const plain = await trainMethod({ ...TRAINING, method: kd, params: KD })
    expect(one.losses).toEqual(plain.losses)
    expect(one.values).toEqual(plain.values)
  })

  it('with the trained teacher three times is kd with three starts of optimiser and schedule', async () => {
    const thrice = (plan: Plan): Plan => {
      const [stage] = plan.stages as [Stage]
      const schedule = { name: 'cosine' } as const
      return { ...plan, stages: [1, 2, 3].map((i) => ({ ...stage, name: `${i}`, share: 1 / 3, schedule })) }
    }
    const spec = { ...TRAINING.spec, steps: 9 }
    const same = await trainMethod({ ...TRAINING, spec, params: explicit([4, 4, -1]) })
    const plain = await trainMethod({
      ...{ ...TRAINING, spec, method: kd, params: KD },
      change: thrice,
    })
    expect(same.losses).toEqual(plain.losses)
    expect(same.values.at(-1)).toEqual(plain.values.at(-1))
  })

  it('learns from every copy in its turn, each with the weights that the one before left', async () => {
    const { losses, values } = await trainMethod(TRAINING)
    const last = await trainMethod({ ...TRAINING, params: explicit([-1, -1, -1, -1]) })
    const first = await trainMethod({ ...TRAINING, params: explicit([1, -1, -1, -1]) })
    // the first batch is answered by the oldest copy, not by the teacher
    expect(losses['kd']?.[0]).toBe(first.losses['kd']?.[0])
    expect(losses['kd']?.[0]).not.toBe(last.losses['kd']?.[0])
    expect(values[1]).toEqual(first.values[1])
    // one anchor later it is the second copy's turn
    expect(losses['ce']?.[2]).toBe(first.losses['ce']?.[2])
    expect(losses['kd']?.[2]).not.toBe(first.losses['kd']?.[2])
  })

  it('begins its schedule anew at each anchor, or goes through it once', async () => {
    const again = await trainMethod({ ...TRAINING, params: explicit([1, -1]) })
    expect(again.rates.slice(4)).toEqual(again.rates.slice(0, 4))
    const once = await trainMethod({ ...TRAINING, params: { ...explicit([1, -1]), restart: false } })
    expect(once.rates).toEqual([...once.rates].sort((a, b) => b - a))
    expect(once.rates[4]).toBeLessThan(again.rates[4] ?? 0)
  })

  it('leaves the teacher and its copies as they were', async () => {
    const { teacherValues } = await trainMethod({ ...TRAINING, params: { ...PARAMS, anchors: 'greedy' } })
    expect(teacherValues[1]).toBe(teacherValues[0])
  })
})

describe('greedy anchors', () => {
  const greedy = async (change: object) => {
    const { stages, decisions } = await trainMethod({
      ...TRAINING,
      params: { ...PARAMS, anchors: 'greedy', ...change },
    })
    return { stages, decisions: decisions as AnchorDecision[] }
  }

  it('are the first and the last at a large delta, and all of them at −1', async () => {
    expect((await greedy({ delta: 1e9 })).stages).toEqual(['anchor1-point1', 'anchor2-point4'])
    const all = ['anchor1-point1', 'anchor2-point2', 'anchor3-point3', 'anchor4-point4']
    expect((await greedy({ delta: -1 })).stages).toEqual(all)
  })

  it('keep every hardness that was measured in the decisions', async () => {
    const { decisions } = await greedy({ delta: -1 })
    expect(decisions.map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ])
    expect(decisions.map(({ hardness }) => hardness.length)).toEqual([4, 3, 2])
    for (const { hardness, congruence } of decisions) {
      expect(hardness[0]).toBe(1)
      expect(hardness.every((r) => Number.isFinite(r) && r > 0)).toBe(true)
      expect(congruence).toBeGreaterThan(0)
    }
  })

  it('are no more than asked for, and always end with the trained teacher', async () => {
    expect((await greedy({ delta: -1, maxAnchors: 3 })).stages).toEqual([
      'anchor1-point1',
      'anchor2-point2',
      'anchor3-point4',
    ])
  })
})

describe('the check of rco', () => {
  const traits = (...snapshots: (number | null)[]) => snapshots.map((copies) => ({ snapshots: copies, foreign: false }))
  const check = (params: object, teacherTraits?: MethodJob['teacherTraits']) =>
    rco.check?.({ ...PARAMS, ...params }, tinyJob(teacherTraits && { teacherTraits }))?.map(({ path }) => path)
  const explicit = (...points: number[]) => ({ anchors: 'explicit', explicit: points })

  it('refuses a route of one point, unless it is asked for', () => {
    expect(check({}, traits(0))).toEqual(['/teachers/0/snapshots'])
    expect(check({ anchors: 'greedy' }, traits(0))).toEqual(['/teachers/0/snapshots'])
    expect(check(explicit(-1, 1), traits(0))).toEqual([])
    expect(check({}, traits(1))).toEqual([])
    expect(check({}, traits(0, 0))).toEqual([])
    expect(check({}, traits(null))).toEqual([])
  })

  it('refuses points that the route does not have', () => {
    expect(check(explicit(1, 4, -4, 0), traits(3))).toEqual(['/explicit/3'])
    expect(check(explicit(5, -5), traits(1, 1))).toEqual(['/explicit/0', '/explicit/1'])
  })

  it('takes none but the ends of a route whose length the data decides', () => {
    expect(check(explicit(1, -1, 2, 0), traits(null))).toEqual(['/explicit/2', '/explicit/3'])
    expect(check(explicit(2), traits(4, null))).toEqual(['/explicit/0'])
  })

  it('refuses graphs of other runtimes where it looks at them between stages', () => {
    const foreign = [{ snapshots: 0, foreign: true }, ...traits(2)]
    expect(check({ anchors: 'greedy' }, foreign)).toEqual(['/teachers/0/from'])
    expect(check({}, foreign)).toEqual([])
  })

  it('says nothing of teachers that nothing is known of', () => {
    expect(check({})).toEqual([])
  })
})
