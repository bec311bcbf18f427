import type { MethodJob, Plan, Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { afd, discriminatorLoss, extractorLoss, mapDifference, ringPairs } from './afd.ts'
import { dml } from './dml.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyCnn, tinyImages, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// three samples; the numbers expected of them come from checks/afd.py
const REAL = [1.5, -0.5, 0.25]
const FAKE = [-1, 2, 0.5]
const column = (values: readonly number[]) => tf.tensor2d([...values], [3, 1])

const PARAMS = {
  temperature: 3,
  weight: 1,
  order: 'ring',
  adversarialWeight: 1,
  taps: [],
  alignment: 'adversarial',
  discriminator: [3],
  discriminatorSteps: 1,
  discriminatorRate: 1e-3,
  extractorRate: 1e-3,
  deploy: 0,
}
const TRAINING = { tf, method: afd, params: PARAMS, peers: [tinyCnn()], spec: { steps: 2 } } satisfies TrainMethod

describe('the adversarial losses of afd', () => {
  it('have the values and gradients that checks/afd.py works out in double precision', () => {
    const fixed = tf.sigmoid(column(FAKE))
    const inReal = (scores: Tensor) => discriminatorLoss({ real: tf.sigmoid(scores), fake: fixed })
    const inFake = (scores: Tensor) => discriminatorLoss({ real: tf.sigmoid(column(REAL)), fake: tf.sigmoid(scores) })
    const real = valueAndGradient(inReal, column(REAL))
    expect(real.value).toBeCloseTo(0.6160042, 6)
    expectNear(real.gradient, [-0.0181387, -0.0975202, -0.0718422], 6)
    expectNear(valueAndGradient(inFake, column(FAKE)).gradient, [0.0352514, 0.061652, 0.0975202], 6)
    const fooling = valueAndGradient((scores) => extractorLoss(tf.sigmoid(scores)), column(FAKE))
    expect(fooling.value).toBeCloseTo(0.2303976, 6)
    expectNear(fooling.gradient, [-0.0958232, -0.0083437, -0.059149], 6)
  })

  it('are a half and a quarter where the discriminator cannot tell', () => {
    const half = column([0.5, 0.5, 0.5])
    expect(discriminatorLoss({ real: half, fake: half }).dataSync()[0]).toBe(0.5)
    expect(extractorLoss(half).dataSync()[0]).toBe(0.25)
  })

  it('are zero and one where it always can', () => {
    const [real, fake] = [column([1, 1, 1]), column([0, 0, 0])]
    expect(discriminatorLoss({ real, fake }).dataSync()[0]).toBe(0)
    expect(extractorLoss(fake).dataSync()[0]).toBe(1)
  })
})

/** Keeps the updates of a kind, and the players that they train. */
const only = (name: string) => (plan: Plan) => ({
  ...plan,
  stages: plan.stages.map((stage) => ({ ...stage, updates: stage.updates.filter((update) => update.name === name) })),
})

async function changedBy(name: string, change: Partial<TrainMethod> = {}): Promise<string[]> {
  const { values } = await trainMethod({ ...TRAINING, ...change, change: only(name) })
  const [start = {}, end = {}] = values
  return Object.keys(start).filter((variable) => start[variable] !== end[variable])
}

describe('an update of afd', () => {
  it('of the discriminators changes no weight of the networks that they judge', async () => {
    const changed = await changedBy('discriminator')
    expect(changed).toEqual(expect.arrayContaining(['discriminator:student/score/kernel']))
    const weights = changed.filter((name) => !name.includes('moving_'))
    expect(weights.every((name) => name.startsWith('discriminator:'))).toBe(true)
  })

  it('of the extractors changes the layers up to the map, and no weight of a discriminator', async () => {
    const changed = (await changedBy('extractor')).filter((name) => !name.includes('moving_'))
    expect([...new Set(changed.map((name) => name.split('/')[0]))].sort()).toEqual(['peers[0]', 'student'])
    expect(changed).toEqual(expect.arrayContaining(['student/conv1/kernel', 'student/conv2/kernel']))
    expect(changed.filter((name) => /conv3|norm3|logits/.test(name))).toEqual([])
  })

  it('of the discriminators comes as often in a step as was asked for', async () => {
    const { plan, losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, discriminatorSteps: 2 } })
    expect(plan.stages[0]?.updates.map(({ name }) => name)).toEqual([
      'logits',
      'discriminator',
      'discriminator2',
      'extractor',
    ])
    // the second judges the same maps with what the first has learnt
    expect(losses['discriminator2.student']?.[0]).toBeLessThan(losses['discriminator.student']?.[0] ?? 0)
  })

  it('is made with optimisers of its own, though players share weights', async () => {
    const { plan } = await trainMethod(TRAINING)
    const [stage] = plan.stages
    expect(stage?.updates.map((update) => (update.kind === 'gradient' ? update.trains : []))).toEqual([
      ['student', 'peers[0]'],
      ['discriminator:student', 'discriminator:peers[0]'],
      ['adversarial:student', 'adversarial:peers[0]'],
    ])
    // conv1, norm1, conv2, norm2: what leads to the map
    expect(stage?.players.find(({ role }) => role === 'adversarial:student')?.variables).toHaveLength(6)
    const players = plan.stages[0]?.players.map(({ role, optimizer }) => [role, optimizer?.learningRate]) ?? []
    expect(Object.fromEntries(players)).toEqual({
      student: undefined,
      'peers[0]': undefined,
      'discriminator:student': 1e-3,
      'adversarial:student': 1e-3,
      'discriminator:peers[0]': 1e-3,
      'adversarial:peers[0]': 1e-3,
    })
  })
})

describe('the ring of afd', () => {
  it('shows each discriminator the map of the network before its own as the real one', () => {
    expect(ringPairs(['a', 'b'])).toEqual([
      { real: 'b', fake: 'a' },
      { real: 'a', fake: 'b' },
    ])
    expect(ringPairs(['a', 'b', 'c']).map(({ real }) => real)).toEqual(['c', 'a', 'b'])
  })

  it.each([1, 2])('has as many discriminators as networks (%i peers)', async (count) => {
    const { values } = await trainMethod({ ...TRAINING, peers: [tinyCnn(), tinyCnn()].slice(0, count) })
    const judges = Object.keys(values[0] ?? {}).filter((name) => /^discriminator.*score\/bias$/.test(name))
    expect(judges).toHaveLength(count + 1)
  })

  it.each(['ring', 'all'])(
    'of two networks is the pair that teaches each other: without adversaries dml at T (%s)',
    async (order) => {
      const without = { ...PARAMS, order, adversarialWeight: 0 }
      const mutual = { temperature: 3, weight: 1, normalise: 'mean', update: 'simultaneous', deploy: 0 }
      const [plain, pair] = [
        await trainMethod({ ...TRAINING, params: without }),
        await trainMethod({ ...TRAINING, method: dml, params: mutual }),
      ]
      expect(plain.losses).toEqual(pair.losses)
      expect(plain.values).toEqual(pair.values)
    },
  )

  it('of three gives each the answers of the one before it', async () => {
    const peers = [tinyCnn(), tinyMlp()]
    const params = { ...PARAMS, adversarialWeight: 0 }
    const ring = await trainMethod({ ...TRAINING, peers, params })
    // one step from the same weights: peer0 is taught by the student in both, and by it alone in the ring
    const pair = await trainMethod({ ...TRAINING, peers: peers.slice(0, 1), params })
    expect(ring.losses['peer0.mutual']?.[0]).toBe(pair.losses['peer0.mutual']?.[0])
    expect(ring.losses['student.mutual']?.[0]).not.toBe(pair.losses['student.mutual']?.[0])
  })
})

describe('the maps of afd', () => {
  it('go through a convolution where channels differ, and there alone', async () => {
    const { values } = await trainMethod({ ...TRAINING, peers: [tinyCnn(3)] })
    const transfers = Object.keys(values[0] ?? {}).filter((name) => name.startsWith('transfer'))
    expect(transfers).toEqual(['transfer:student/project/kernel', 'transfer:student/project/bias'])
    expect(values[1]?.['transfer:student/project/kernel']).not.toBe(values[0]?.['transfer:student/project/kernel'])
  })

  it('may be of different sizes, and one a vector', async () => {
    const sizes = await trainMethod({ ...TRAINING, params: { ...PARAMS, taps: ['stage1', 'stage2'] } })
    expect(Object.values(sizes.losses).flat().every(Number.isFinite)).toBe(true)
    const vector = await trainMethod({ ...TRAINING, peers: [tinyMlp()] })
    expect(Object.keys(vector.values[0] ?? {})).toContain('discriminator:student/block1-linear/kernel')
    expect(Object.values(vector.losses).flat().every(Number.isFinite)).toBe(true)
  })
})

describe('the control of afd by absolute differences', () => {
  const l1 = { ...PARAMS, alignment: 'l1' }

  it('moves the own map towards the other, which stays where it is', () => {
    const toFake = valueAndGradient((fake) => mapDifference(ops, { real: column(REAL), fake }), column(FAKE))
    expect(toFake.value).toBeCloseTo((2.5 + 2.5 + 0.25) / 3, 6)
    expectNear(toFake.gradient, [-1 / 3, 1 / 3, 1 / 3], 6)
    const toReal = valueAndGradient(
      (real) => mapDifference(ops, { real, fake: column(FAKE).add(real.mul(0)) }),
      column(REAL),
    )
    expectNear(toReal.gradient, [0, 0, 0], 12)
  })

  it('is one update that trains the networks and the convolutions between them, without discriminators', async () => {
    const { plan, losses, values } = await trainMethod({ ...TRAINING, params: l1, peers: [tinyCnn(3)] })
    expect(plan.stages[0]?.updates.map(({ name }) => name)).toEqual(['logits'])
    expect(Object.keys(losses)).toEqual(expect.arrayContaining(['student.l1', 'peer0.l1', 'student.mutual']))
    const [start = {}, end = {}] = values
    expect(Object.keys(start).filter((name) => name.startsWith('discriminator'))).toEqual([])
    expect(end['transfer:student/project/kernel']).not.toBe(start['transfer:student/project/kernel'])
  })

  it('weighs the differences as it was asked to', async () => {
    const [one, three] = [
      await trainMethod({ ...TRAINING, params: l1 }),
      await trainMethod({ ...TRAINING, params: { ...l1, adversarialWeight: 3 } }),
    ]
    expect(one.losses['student.l1']?.[0]).toBeGreaterThan(0)
    expect(three.losses['student.l1']?.[0]).toBeCloseTo(3 * (one.losses['student.l1']?.[0] ?? 0), 5)
  })
})

describe('the check of afd', () => {
  const check = (change: object) => {
    const { signature } = tinyImages()
    const job: MethodJob = {
      signature,
      student: tinyCnn(),
      teachers: [],
      peers: [tinyCnn()],
      batchSize: 8,
      sources: {},
    }
    return afd.check?.({ ...PARAMS, ...change }, job) ?? []
  }

  it('names a tap that a network does not have, and a list of the wrong length', () => {
    expect(check({})).toEqual([])
    expect(check({ taps: ['stage9'] })).toEqual([
      expect.objectContaining({ path: '/taps', received: 'stage9', message: expect.stringContaining('student') }),
      expect.objectContaining({ path: '/taps', received: 'stage9', message: expect.stringContaining('peer 0') }),
    ])
    expect(check({ taps: ['stage1', 'stage9'] })).toEqual([expect.objectContaining({ path: '/taps/1' })])
    expect(check({ taps: ['stage1', 'stage1', 'stage1'] })).toEqual([expect.objectContaining({ path: '/taps' })])
  })

  it('has nothing to say about taps where there are no adversaries', () => {
    expect(check({ taps: ['stage9'], adversarialWeight: 0 })).toEqual([])
    expect(check({ deploy: 3 })).toEqual([expect.objectContaining({ path: '/deploy' })])
  })
})
