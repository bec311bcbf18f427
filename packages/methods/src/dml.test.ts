import type { Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { dml, mutualLoss } from './dml.ts'
import { none } from './none.ts'
import { coTrainingLoss } from './shared/co-training.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two samples, three classes; the numbers expected of them come from checks/dml.py
const LOGITS = [
  [2, -1, 0.5, 0, 1, -2],
  [3, 0, -1, -1, 2.5, 0.5],
  [1, 1, 0, 0.5, -0.5, 2],
]
const rows = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 3])
const labels = () => tf.tensor1d([0, 2], 'int32')

const PARAMS = { temperature: 1, weight: 1, normalise: 'mean', update: 'simultaneous', deploy: 0 }
const TRAINING = { tf, method: dml, params: PARAMS, peers: [tinyCnn()] } satisfies TrainMethod

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map(Math.exp)
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

describe('the mutual loss of dml', () => {
  it.each([
    [
      'two networks at 1',
      1,
      1,
      'mean',
      0.1898674,
      [-0.0753213, -0.00375, 0.0790713, 0.1167939, -0.0762961, -0.0404978],
    ],
    [
      'two networks at 3',
      1,
      3,
      'mean',
      0.6332591,
      [-0.1596919, -0.0587474, 0.2184393, 0.2596628, -0.1023709, -0.1572919],
    ],
    [
      'three by the mean',
      2,
      1,
      'mean',
      0.8105258,
      [0.0531589, -0.0976766, 0.0445176, 0.0805329, 0.1224756, -0.2030084],
    ],
    ['three by the sum', 2, 1, 'sum', 1.6210517, [0.1063179, -0.1953531, 0.0890353, 0.1610657, 0.2449511, -0.4060168]],
  ] as const)(
    'of %s has the value and gradient of checks/dml.py',
    (_, count, temperature, normalise, expected, slopes) => {
      const teachers = LOGITS.slice(1, 1 + count).map(rows)
      const loss = (student: Tensor) => mutualLoss(ops, { student, teachers, temperature, normalise })
      const { value, gradient } = valueAndGradient(loss, rows(LOGITS[0]))
      expect(value).toBeCloseTo(expected, 5)
      expectNear(gradient, slopes, 5)
    },
  )

  it('between networks whose logits differ by a constant per sample is as good as zero', () => {
    const teacher = rows((LOGITS[0] ?? []).map((z, i) => z + (i < 3 ? 2 : -1)))
    const value = mutualLoss(ops, { student: rows(LOGITS[0]), teachers: [teacher], temperature: 1, normalise: 'mean' })
    expect(Math.abs(value.dataSync()[0] ?? 1)).toBeLessThan(1e-6)
  })

  it('has the gradient (p_1 − p_2) / B', () => {
    const loss = (student: Tensor) =>
      mutualLoss(ops, { student, teachers: [rows(LOGITS[1])], temperature: 1, normalise: 'mean' })
    const expected = [0, 3].flatMap((at) => {
      const [p, q] = LOGITS.slice(0, 2).map((z) => softmax(z.slice(at, at + 3)))
      return (p ?? []).map((value, k) => (value - (q?.[k] ?? 0)) / 2)
    })
    expectNear(valueAndGradient(loss, rows(LOGITS[0])).gradient, expected, 6)
  })

  it('is the same by sum and by mean for two networks', () => {
    const values = (['sum', 'mean'] as const).map((normalise) =>
      mutualLoss(ops, { student: rows(LOGITS[0]), teachers: [rows(LOGITS[1])], temperature: 2, normalise }).dataSync(),
    )
    expect(values[0]).toEqual(values[1])
  })

  it('of one network has no gradient in another', () => {
    const first = (second: Tensor) => {
      const given = { order: 'all', temperature: 1, weight: 1, normalise: 'mean' } as const
      const { ce, mutual } = coTrainingLoss(ops, 0, { logits: [rows(LOGITS[0]), second], labels: labels(), ...given })
      return (ce as Tensor)
        .add(mutual as Tensor)
        .add(second.sum().mul(0))
        .asScalar()
    }
    expect(valueAndGradient(first, rows(LOGITS[1])).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe('a training with dml', () => {
  it.each(['simultaneous', 'alternating'])(
    'at weight 0 is as many trainings apart, in every bit (%s)',
    async (update) => {
      const peers = [tinyCnn(3), tinyMlp()]
      const { values, losses } = await trainMethod({ ...TRAINING, peers, params: { ...PARAMS, weight: 0, update } })
      expect(Object.keys(losses)).toEqual(['student.ce', 'peer0.ce', 'peer1.ce'])
      const { values: alone } = await trainMethod({ ...TRAINING, method: none, params: {}, peers })
      const of = (role: string, all: Readonly<Record<string, string>> = {}) =>
        Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith(role)))
      expect(of('student/', values.at(-1))).toEqual(of('student/', alone.at(-1)))
      const third = await trainMethod({
        ...TRAINING,
        method: none,
        params: {},
        peers,
        change: (plan, { peers: [, peer] }) => {
          const [stage] = plan.stages
          if (stage === undefined || peer === undefined) throw new Error('no such network')
          const { network } = peer
          const players = [{ role: network.role, variables: network.trainable }]
          const updates = [
            {
              ...{ kind: 'gradient', name: 'supervised', trains: [network.role] },
              loss: ({ ops: own, batch, train }) => ({ ce: own.crossEntropy(train(network).logits, batch.labels) }),
            } as const,
          ] satisfies typeof stage.updates
          return { deploy: network, stages: [{ ...stage, players, updates }] }
        },
      })
      expect(of('peers[1]/', values.at(-1))).toEqual(of('peers[1]/', third.values.at(-1)))
    },
  )

  it('has another network of the same kind begin elsewhere, or there were nothing to learn from it', async () => {
    const { values, losses } = await trainMethod(TRAINING)
    expect(values[0]?.['student/conv1/kernel']).not.toBe(values[0]?.['peers[0]/conv1/kernel'])
    expect(losses['student.mutual']?.[0]).toBeGreaterThan(1e-3)
  })

  it('in turn shows the second network what the first has just become', async () => {
    const spec = { steps: 1 }
    const together = await trainMethod({ ...TRAINING, spec })
    const inTurn = await trainMethod({ ...TRAINING, spec, params: { ...PARAMS, update: 'alternating' } })
    expect(Object.keys(inTurn.losses)).toEqual(Object.keys(together.losses))
    expect(inTurn.losses['student.mutual']).toEqual(together.losses['student.mutual'])
    expect(inTurn.losses['peer0.ce']).toEqual(together.losses['peer0.ce'])
    expect(inTurn.losses['peer0.mutual']).not.toEqual(together.losses['peer0.mutual'])
  })

  it('evaluates every network, and deploys the one that was asked for', async () => {
    const { plan } = await trainMethod({ ...TRAINING, peers: [tinyCnn(), tinyMlp()], params: { ...PARAMS, deploy: 2 } })
    expect(plan.deploy.role).toBe('peers[1]')
    expect(plan.stages[0]?.evaluate?.map(({ role }) => role)).toEqual(['student', 'peers[0]', 'peers[1]'])
  })
})

describe('the check of dml', () => {
  it('refuses to deploy a network that there is not', () => {
    const { signature } = tinyImages()
    const job = { signature, student: tinyCnn(), teachers: [], peers: [tinyCnn()], batchSize: 8, sources: {} }
    expect(dml.check?.({ ...PARAMS, deploy: 1 }, job)).toEqual([])
    expect(dml.check?.({ ...PARAMS, deploy: 2 }, job)).toEqual([
      { path: '/deploy', message: expect.any(String), expected: expect.stringContaining('0 to 1'), received: '2' },
    ])
  })
})
