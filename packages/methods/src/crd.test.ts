import type { Plan, StateUpdate, Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { crd, crdLogNormaliser, crdLoss } from './crd.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import { bankScores } from './shared/memory-bank.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

const maths = { tf, ops }
// two samples with two negatives each; the numbers expected of them come from checks/crd.py
const SAMPLES = 4
const anchors = tf.tensor2d([0.5, -1, 2, 0.25], [2, 2])
const bank = tf.tensor2d([1, 0, 0.6, 0.8, 0, -1, -0.8, 0.6], [4, 2])
const places = tf.tensor2d([2, 0, 3, 1, 3, 2], [2, 3], 'int32')
const scoresOf = (x: Tensor) => bankScores(maths, { anchor: l2Normalise(maths, x), bank, places }).div(0.5)
const logZ = crdLogNormaliser(tf, { scores: scoresOf(anchors), samples: SAMPLES })

const PARAMS = {
  taps: [{ student: 'penultimate', teacher: 'penultimate' }],
  weight: 0.8,
  dim: 6,
  negatives: 5,
  negativesFrom: 'otherClasses',
  temperature: 0.07,
  momentum: 0.5,
}
const TRAINING = { tf, method: crd, params: PARAMS, teachers: [tinyCnn(3)] } satisfies TrainMethod
const STILL = { optimizer: { name: 'sgd', learningRate: 1e-30 } } as const

describe('the contrastive loss', () => {
  it('has the value and gradient of checks/crd.py, with Z of the batch and with another', () => {
    expect(logZ.dataSync()[0]).toBeCloseTo(2.2064261, 6)
    for (const [constant, expected, slopes] of [
      [logZ, 0.9991973, [0.392162, 0.196081, 0.0303385, -0.242708]],
      [tf.scalar(Math.log(3)), 1.0899615, [0.4793869, 0.2396935, 0.0271073, -0.2168584]],
    ] as const) {
      const loss = (x: Tensor) => crdLoss(tf, { scores: scoresOf(x), logZ: constant, samples: SAMPLES })
      const { value, gradient } = valueAndGradient(loss, anchors)
      expect(value).toBeCloseTo(expected, 6)
      expectNear(gradient, [...slopes])
    }
  })

  it('is log(1 + K) + K log(1 + 1 / K) where every sample is as likely as every other', () => {
    for (const k of [1, 2, 9]) {
      const scores = tf.fill([3, 1 + k], 2.5)
      const loss = crdLoss(tf, { scores, logZ: crdLogNormaliser(tf, { scores, samples: 50 }), samples: 50 })
      expect(loss.dataSync()[0]).toBeCloseTo(Math.log(1 + k) + k * Math.log(1 + 1 / k), 5)
    }
  })

  it('stays finite at scores whose exponential float32 does not hold', () => {
    const loss = (scores: Tensor) => crdLoss(tf, { scores, logZ: tf.scalar(0), samples: 10 })
    const { value, gradient } = valueAndGradient(loss, tf.tensor2d([-500, 500, 300], [1, 3]))
    expect(value).toBeCloseTo(500 + 500 + 300 - Math.log(0.2), 2)
    expectNear(gradient, [-1, 1, 1])
  })
})

/** Every state of the method by its name, as numbers. */
const statesOf = (values: Readonly<Record<string, string>>) =>
  new Map(
    Object.entries(values)
      .filter(([name]) => name.startsWith('state/'))
      .map(([name, hex]) => [
        name.slice('state/'.length),
        new Float32Array(new Uint8Array(Buffer.from(hex, 'hex')).buffer),
      ]),
  )

describe('the memory of crd', () => {
  it('keeps rows of length one, and those of samples that were not seen', async () => {
    const { values } = await trainMethod({ ...TRAINING, spec: { steps: 1 } })
    const [start, end] = [statesOf(values[0] ?? {}), statesOf(values.at(-1) ?? {})]
    for (const name of ['memory:student:0', 'memory:teacher:0']) {
      const rows = Array.from({ length: 24 }, (_, i) => (end.get(name) ?? []).slice(i * 6, i * 6 + 6))
      const before = Array.from({ length: 24 }, (_, i) => (start.get(name) ?? []).slice(i * 6, i * 6 + 6))
      expectNear(
        rows.map((row) => Math.hypot(...row)),
        new Array(24).fill(1),
      )
      const kept = rows.filter((row, i) => `${row}` === `${before[i]}`)
      // a batch of 8 of 24 samples
      expect(kept).toHaveLength(16)
    }
  })

  it('sets Z after the first batch and never again', async () => {
    const first = statesOf((await trainMethod({ ...TRAINING, spec: { steps: 1 } })).values.at(-1) ?? {})
    const later = statesOf((await trainMethod({ ...TRAINING, spec: { steps: 5 } })).values.at(-1) ?? {})
    expect([...(first.get('normalised:0') ?? [])]).toEqual([1])
    expect(later.get('normaliser:0')).toEqual(first.get('normaliser:0'))
    // 24 rows at scores of either sign: about log 24, and never zero
    for (const value of first.get('normaliser:0') ?? []) expect(value).toBeGreaterThan(2)
  })

  it('is scored before it moves', async () => {
    const swap = (plan: Plan): Plan => ({
      ...plan,
      stages: plan.stages.map((stage) => ({
        ...stage,
        updates: stage.updates.filter(({ kind }) => kind === 'gradient'),
      })),
    })
    const spec = { steps: 1, ...STILL }
    const [whole, still] = await Promise.all([
      trainMethod({ ...TRAINING, spec }),
      trainMethod({ ...TRAINING, spec, change: swap }),
    ])
    expect(whole.losses['crd']).toEqual(still.losses['crd'])
  })

  it('says that it changes what it changes, and no more', async () => {
    const { plan } = await trainMethod(TRAINING)
    const update = plan.stages[0]?.updates.find((one): one is StateUpdate => one.kind === 'state')
    expect(update?.changes).toHaveLength(4)
  })
})

describe('the method crd', () => {
  it('asks for negatives, and for no more than there are other samples', async () => {
    const { plan } = await trainMethod({ ...TRAINING, params: { ...PARAMS, negatives: 16_384 } })
    expect(plan.stages[0]?.batch?.negatives).toEqual({ count: 23, from: 'otherClasses' })
    const few = await trainMethod({ ...TRAINING, params: { ...PARAMS, negativesFrom: 'others' } })
    expect(few.plan.stages[0]?.batch?.negatives).toEqual({ count: 5, from: 'others' })
  })

  it('trains both heads, and lowers its loss', async () => {
    const spec = { steps: 120, optimizer: { name: 'adam', learningRate: 0.02 } } as const
    const { losses, plan, values } = await trainMethod({ ...TRAINING, spec })
    expect(Object.keys(losses)).toEqual(['ce', 'crd'])
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual([
      'student',
      'adapter:penultimate:penultimate',
      'embed:0',
    ])
    const [start = {}, end = {}] = values
    const changed = Object.keys(start).filter((name) => start[name] !== end[name])
    for (const head of ['adapter:penultimate:penultimate', 'embed:0'])
      expect(changed).toContain(`${head}/project/kernel`)
    const mean = (series: readonly number[]) => series.reduce((sum, one) => sum + one, 0) / series.length
    const series = losses['crd'] ?? []
    expect(mean(series.slice(-6))).toBeLessThan(mean(series.slice(0, 6)) * 0.8)
  })

  it('gives every teacher heads and memories of its own', async () => {
    const { plan, losses, values } = await trainMethod({ ...TRAINING, teachers: [tinyCnn(3), tinyCnn(1)] })
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual([
      'student',
      'adapter:penultimate:penultimate@0',
      'adapter:penultimate:penultimate@1',
      'embed:0@0',
      'embed:0@1',
    ])
    expect([...statesOf(values[0] ?? {}).keys()]).toHaveLength(8)
    expect(losses['crd']?.every(Number.isFinite)).toBe(true)
  })

  it('embeds maps by their mean, and vectors of any width', async () => {
    const taps = [{ student: 'stage1', teacher: 'stage2' }]
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, taps }, student: tinyMlp() })
    expect(losses['crd']?.every(Number.isFinite)).toBe(true)
  })
})

describe('the check of crd', () => {
  it('takes features that can be embedded', () => {
    expect(crd.check?.(PARAMS, tinyJob())).toEqual([])
    expect(crd.check?.(PARAMS, tinyJob({ student: tinyMlp() }))).toEqual([])
  })

  it('names taps that are not there', () => {
    const taps = [{ student: 'stage9', teacher: 'penultimate' }]
    expect(crd.check?.({ ...PARAMS, taps }, tinyJob())).toEqual([
      expect.objectContaining({ path: '/taps/0/student', received: 'stage9' }),
    ])
  })

  it('refuses negatives of other classes where there is one class', () => {
    const job = { ...tinyJob(), signature: { inputShape: [4, 4, 1], classes: 1 } }
    expect(crd.check?.(PARAMS, job)).toEqual([
      expect.objectContaining({ path: '/negativesFrom', expected: 'others', received: 'otherClasses' }),
    ])
    expect(crd.check?.({ ...PARAMS, negativesFrom: 'others' }, job)).toEqual([])
  })

  it('leaves no room for mixed labels', () => {
    expect(crd.needs.hardLabels).toBe(true)
  })
})
