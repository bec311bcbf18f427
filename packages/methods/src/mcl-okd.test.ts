import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { answerLoss, mclOkd, viewContrast } from './mcl-okd.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyBranched } from './testing/tiny-branched.ts'
import { tinyCnn, tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two samples, their own rows and two others; the numbers expected of them come from checks/mcl-okd.py
const ANCHOR = [0.6, 0.8, -0.28, 0.96]
const ROWS = [0.8, 0.6, -1, 0, 0.6, -0.8, 0, 1, 0.96, 0.28, -0.6, -0.8]
const anchor = () => tf.tensor2d(ANCHOR, [2, 2])
const memoryRows = () => tf.tensor3d(ROWS, [2, 3, 2])
const BRANCHES = [
  [2, -1, 0.5, 0, 1, -2],
  [3, 0, -1, -1, 2.5, 0.5],
  [1, 1, 0, 0.5, -0.5, 2],
]
const rows = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 3])
const maths = { tf, ops }

const PARAMS = {
  ...{ alpha: 1, beta: 0.025, temperature: 3, contrastTemperature: 0.1, negatives: 4, dim: 3, momentum: 0.5 },
}
const student = tinyBranched()
const TRAINING = { tf, method: mclOkd, params: PARAMS, student, spec: { steps: 2 } } satisfies TrainMethod

const total = (parts: Readonly<Record<string, Tensor>>) => tf.addN(Object.values(parts)).asScalar()
const contrast = (embedding: Tensor, others: Tensor = memoryRows()) =>
  viewContrast(maths, { anchor: embedding, rows: others, samples: 6, contrastTemperature: 0.5 })

describe('the contrast of mcl-okd', () => {
  it('has the value and gradient of checks/mcl-okd.py', () => {
    const { value, gradient } = valueAndGradient((v) => contrast(v), anchor())
    expect(value).toBeCloseTo(0.766452, 6)
    expectNear(gradient, [-0.3441486, -0.3397762, 0.1206382, -0.4345406])
  })

  it.each([
    [16, 3.80321],
    [256, 6.54713],
  ])('of equal scores is log(K + 1) + K log((K + 1) / K), K = %i', (count, expected) => {
    const equal = tf.tile(tf.tensor3d([0.6, 0.8], [1, 1, 2]), [2, count + 1, 1])
    const value = viewContrast(maths, { anchor: anchor(), rows: equal.mul(0), samples: 1000, contrastTemperature: 0.1 })
    expect(value.dataSync()[0]).toBeCloseTo(expected, 4)
  })

  it('has no gradient in the memory', () => {
    const { gradient } = valueAndGradient((memory) => contrast(anchor(), memory).add(memory.sum().mul(0)), memoryRows())
    expect(gradient.every((slope) => slope === 0)).toBe(true)
  })

  it('is not moved by the length of what an embedding is made of', () => {
    const of = (factor: number) => contrast(l2Normalise(maths, anchor().mul(factor))).dataSync()[0] ?? Number.NaN
    expect(of(37)).toBeCloseTo(of(1), 6)
  })

  it('stays finite where the temperature makes scores large', () => {
    const value = viewContrast(maths, { anchor: anchor(), rows: memoryRows(), samples: 6, contrastTemperature: 1e-3 })
    expect(Number.isFinite(value.dataSync()[0])).toBe(true)
  })
})

describe('the answers of mcl-okd', () => {
  const lossAt = (logits: readonly Tensor[], alpha = 0.4) =>
    answerLoss(maths, { logits, labels: tf.tensor1d([0, 2], 'int32'), temperature: 3, alpha })

  it('have the value and the gradient of checks/mcl-okd.py in the last branch', () => {
    const others = BRANCHES.slice(0, 2).map(rows)
    const { value, gradient } = valueAndGradient((z) => total(lossAt([...others, z])), rows(BRANCHES[2]))
    expect(value).toBeCloseTo(3.7409083, 5)
    expectNear(gradient, [-0.3681074, 0.277934, 0.0901735, 0.0967712, -0.0871815, -0.0095897])
  })

  it('teach the last branch alone', () => {
    const others = BRANCHES.slice(1).map(rows)
    const inFirst = (alpha: number) =>
      valueAndGradient((z) => total(lossAt([z, ...others], alpha)), rows(BRANCHES[0])).gradient
    expectNear(inFirst(1), inFirst(0), 6)
    expect(Object.keys(lossAt(BRANCHES.map(rows), 0))).toEqual(['branch1.ce', 'branch2.ce', 'branch3.ce'])
  })
})

describe('a training with mcl-okd', () => {
  it('remembers the samples of its batches as vectors of length one, and leaves other rows', async () => {
    const { values } = await trainMethod({ ...TRAINING, spec: { steps: 1 } })
    const [start, end] = values.map((all) => rowsOf(all['state/memory:branch1'], PARAMS.dim))
    const moved = (end ?? []).filter((row, i) => row.join() !== start?.[i]?.join())
    expect(end).toHaveLength(24)
    expect(moved).toHaveLength(8)
    for (const row of moved) expect(Math.hypot(...row)).toBeCloseTo(1, 5)
  })

  it('deploys the last branch, and trains an embedding per branch', async () => {
    const { plan, values } = await trainMethod(TRAINING)
    expect(plan.deploy.role).toBe('student:branch3.logits')
    const [start = {}, end = {}] = values
    const heads = Object.keys(start).filter((name) => /^embedding:.*kernel$/.test(name))
    expect(heads).toHaveLength(3)
    expect(heads.filter((name) => start[name] === end[name])).toEqual([])
  })

  it('with neither part is branches that learn the labels by themselves', async () => {
    const { losses, values } = await trainMethod({ ...TRAINING, params: { ...PARAMS, alpha: 0, beta: 0 } })
    expect(Object.keys(losses)).toEqual(['branch1.ce', 'branch2.ce', 'branch3.ce'])
    expect(Object.keys(values[0] ?? {}).filter((name) => !name.startsWith('student/'))).toEqual([])
  })
})

describe('the check of mcl-okd', () => {
  it('refuses a student without branches', () => {
    const { signature } = tinyImages()
    const job = { signature, student, teachers: [], peers: [], batchSize: 8, sources: {} }
    expect(mclOkd.check?.(PARAMS, job)).toEqual([])
    expect(mclOkd.check?.(PARAMS, { ...job, student: tinyCnn() })).toHaveLength(1)
  })
})

/** Rows of a matrix from the bytes that a run keeps. */
function rowsOf(hex = '', width: number): number[][] {
  const values = [...new Float32Array(new Uint8Array(Buffer.from(hex, 'hex')).buffer)]
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width))
}
