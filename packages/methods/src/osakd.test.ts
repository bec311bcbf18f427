import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { neighbourVotes, osakd, voteEntropy, voteLoss } from './osakd.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// six samples of three classes; the numbers expected of them come from checks/osakd.py
const LOGITS = [2, -1, 0.5, 1.5, -0.5, 0.25, 0, 1, -2, 0.25, 1.25, -1, 1, 0.5, 2, 0.5, 0.75, 0]
const LABELS = [0, 1, 1, 1, 2, 2]
const WITHOUT_SELF = [0, 1, 2, 1, 0, 2, 0, 2, 1, 0, 2, 1, 1, 1, 1, 0, 3, 0]

const maths = { tf, ops }
const logits = () => tf.tensor2d(LOGITS, [6, 3])
const labels = (of: readonly number[] = LABELS) => tf.tensor1d([...of], 'int32')

interface Voting {
  readonly features?: Tensor
  readonly of?: readonly number[]
  readonly neighbours?: number
  readonly includeSelf?: boolean
}

function votesOf({ features = logits(), of = LABELS, neighbours = 3, includeSelf = false }: Voting = {}): number[] {
  const given = { query: features, pool: features, labels: labels(of), neighbours, includeSelf, classes: 3 }
  return Array.from(neighbourVotes(maths, given).dataSync())
}

const oneHot = (of: readonly number[]) => of.flatMap((label) => [0, 1, 2].map((k) => (k === label ? 1 : 0)))

describe('the votes of osakd', () => {
  it('are those that checks/osakd.py counts, with and without the sample itself', () => {
    expectNear(
      votesOf(),
      WITHOUT_SELF.map((count) => count / 3),
    )
    const withSelf = [1, 1, 1, 1, 1, 1, 0, 2, 1, 0, 2, 1, 0, 1, 2, 0, 2, 1]
    expectNear(
      votesOf({ includeSelf: true }),
      withSelf.map((count) => count / 3),
    )
  })

  it.each([1, 2, 4, 5])('of %i neighbours sum to 1 and are whole shares', (neighbours) => {
    const votes = votesOf({ neighbours })
    for (const vote of votes) expect(Math.abs(vote * neighbours - Math.round(vote * neighbours))).toBeLessThan(1e-5)
    const rows = Array.from({ length: 6 }, (_, i) => votes.slice(3 * i, 3 * i + 3))
    for (const row of rows) expect(row.reduce((sum, vote) => sum + vote, 0)).toBeCloseTo(1, 6)
  })

  it('of one neighbour are the class of the nearest other sample', () => {
    expectNear(votesOf({ neighbours: 1 }), oneHot([1, 0, 1, 1, 1, 1]))
  })

  it('of all samples are the frequencies of the classes, for every sample', () => {
    const frequencies = [1 / 6, 3 / 6, 2 / 6]
    expectNear(votesOf({ neighbours: 6, includeSelf: true }), Array(6).fill(frequencies).flat())
  })

  it('stay as they are when the space is turned, moved or scaled', () => {
    const turn = tf.tensor2d([0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1], [3, 3])
    const moved = tf.matMul(logits() as never, turn).add(tf.tensor1d([100, -3, 7])) as Tensor
    expect(votesOf({ features: moved })).toEqual(votesOf())
    expect(votesOf({ features: logits().mul(0.01) })).toEqual(votesOf())
  })

  it('are the labels where the classes lie apart', () => {
    const of = [0, 1, 2, 0, 1, 2]
    const features = tf.tensor2d(
      of.flatMap((label, i) => [10 * label, 0.1 * i]),
      [6, 2],
    )
    expectNear(votesOf({ features, of, neighbours: 1 }), oneHot(of))
  })

  it('leave out the empty places of a queue', () => {
    const features = logits()
    const pool = tf.concat([features, tf.zerosLike(features)])
    const given = { query: features, pool, labels: labels([...LABELS, -1, -1, -1, -1, -1, -1]) }
    const votes = neighbourVotes(maths, { ...given, neighbours: 3, includeSelf: false, classes: 3 })
    expect(Array.from(votes.dataSync())).toEqual(votesOf())
  })

  it('of a sample that is alone are its own label', () => {
    const features = tf.tensor2d([1, 2, 3], [1, 3])
    expect(votesOf({ features, of: [2], neighbours: 5 })).toEqual([0, 0, 1])
  })

  it('have no gradient in the space they were found in', () => {
    const loss = (z: Tensor) => {
      const given = { query: z, pool: z, labels: labels(), neighbours: 3, includeSelf: false, classes: 3 }
      const votes = neighbourVotes(maths, given)
      return voteLoss(maths, { logits: logits(), votes, loss: 'mse' }).add(z.sum().mul(0)).asScalar()
    }
    expect(valueAndGradient(loss, logits()).gradient.every((slope) => slope === 0)).toBe(true)
  })

  it('have the entropy that checks/osakd.py works out', () => {
    const votes = tf.tensor2d(
      WITHOUT_SELF.map((count) => count / 3),
      [6, 3],
    )
    expect(voteEntropy(tf, votes).dataSync()[0]).toBeCloseTo(0.6074448, 5)
  })
})

describe('the soft loss of osakd', () => {
  const mse = [
    ...[0.0232254, -0.0035364, -0.019689, 0.0151947, -0.0008499, -0.0143449, 0.005055, -0.0035629, -0.0014921],
    ...[0.0054899, -0.0029969, -0.002493, -0.0060879, -0.0051102, 0.0111981, 0.0164954, -0.0233268, 0.0068313],
  ]
  const kl = [
    ...[0.1309328, -0.0490368, -0.081896, 0.0616634, 0.0158639, -0.0775273, 0.0432494, 0.006453, -0.0497024],
    ...[0.0416169, 0.0020153, -0.0436321, -0.0170182, -0.0321815, 0.0491997, 0.057659, -0.092631, 0.034972],
  ]
  it.each([
    ['mse', 0.1224315, mse],
    ['kl', 0.7295968, kl],
  ] as const)('%s has the value and gradient of checks/osakd.py', (loss, expected, slopes) => {
    const votes = tf.tensor2d(
      WITHOUT_SELF.map((count) => count / 3),
      [6, 3],
    )
    const { value, gradient } = valueAndGradient((z) => voteLoss(maths, { logits: z, votes, loss }), logits())
    expect(value).toBeCloseTo(expected, 5)
    expectNear(gradient, slopes, 5)
  })
})

const PARAMS = {
  ...{ tap: 'logits', neighbours: 3, weight: 1, loss: 'mse' },
  ...{ queue: 0, includeSelf: false, diagnostic: false },
}
const TRAINING = { tf, method: osakd, params: PARAMS } satisfies TrainMethod

describe('a training with osakd', () => {
  it('has cross-entropy beside it, and as its own part a soft loss', async () => {
    const { losses } = await trainMethod(TRAINING)
    expect(Object.keys(losses).sort()).toEqual(['ce', 'soft'])
    expect(losses['soft']?.every((value) => value > 0)).toBe(true)
  })

  it('asks earlier batches too where there is a queue, from the second step on', async () => {
    const alone = await trainMethod(TRAINING)
    const queued = await trainMethod({ ...TRAINING, params: { ...PARAMS, queue: 12, tap: 'stage2' } })
    const near = await trainMethod({ ...TRAINING, params: { ...PARAMS, tap: 'stage2' } })
    expect(queued.losses['soft']?.[0]).toBe(near.losses['soft']?.[0])
    expect(queued.losses['soft']?.at(-1)).not.toBe(near.losses['soft']?.at(-1))
    expect(near.losses['soft']).not.toEqual(alone.losses['soft'])
    const held = Object.keys(queued.values.at(-1) ?? {}).filter((name) => name.startsWith('state/'))
    expect(held).toEqual(['state/queue', 'state/queue:labels'])
    expect(queued.values.at(-1)?.['state/queue:labels']).not.toBe(queued.values[0]?.['state/queue:labels'])
  })
})

describe('the check of osakd', () => {
  const { signature } = tinyImages()
  const job = { signature, student: tinyCnn(), teachers: [], peers: [], batchSize: 8, sources: {} }
  const check = (change: object) => osakd.check?.({ ...PARAMS, ...change }, job)

  it('refuses more neighbours than a batch has', () => {
    expect(check({ neighbours: 7 })).toEqual([])
    expect(check({ neighbours: 8, includeSelf: true })).toEqual([])
    expect(check({ neighbours: 8 })).toEqual([
      {
        path: '/neighbours',
        message: expect.any(String),
        expected: 'at most 7, or train.batchSize of at least 9',
        received: '8',
      },
    ])
  })

  it('refuses a tap that the student does not have', () => {
    expect(check({ tap: 'stage9' })).toEqual([expect.objectContaining({ path: '/tap', received: 'stage9' })])
  })
})
