import { buildNetwork, forward, type LayerSpec, type Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { ensembleNetwork, gatedEnsemble, one, oneLoss } from './one.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyBranched } from './testing/tiny-branched.ts'
import { tinyCnn, tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// three branches, two samples, three classes; the numbers expected of them come from checks/one.py
const BRANCHES = [
  [2, -1, 0.5, 0, 1, -2],
  [3, 0, -1, -1, 2.5, 0.5],
  [1, 1, 0, 0.5, -0.5, 2],
]
const GATE = [0.5, 0, 1.5, 0, 2, 0.25]
const rows = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 3])
const branches = () => BRANCHES.map(rows)

const PARAMS = { temperature: 3, weight: 1, gate: 'learnt', deploy: 1 }
const TRAINING = { tf, method: one, params: PARAMS, student: tinyBranched(), spec: { steps: 2 } } satisfies TrainMethod

const total = (parts: Readonly<Record<string, Tensor>>) => tf.addN(Object.values(parts)).asScalar()

function lossAt(logits: readonly Tensor[], gate: Tensor) {
  const ensemble = gatedEnsemble(tf, { logits, gates: tf.softmax(gate) })
  const labels = tf.tensor1d([0, 2], 'int32')
  return oneLoss(ops, { logits, ensemble, labels, temperature: 3, weight: 0.4 })
}

describe('the loss of one', () => {
  it('has the value and the gradients of checks/one.py in a branch and in the gate', () => {
    const inFirst = valueAndGradient((z) => total(lossAt([z, ...branches().slice(1)], rows(GATE))), rows(BRANCHES[0]))
    expect(inFirst.value).toBeCloseTo(5.2625438, 5)
    expectNear(inFirst.gradient, [-0.1061411, -0.0248656, 0.1310067, 0.215784, 0.3834233, -0.5992072])
    const inGate = valueAndGradient((gate) => total(lossAt(branches(), gate)), rows(GATE))
    expectNear(inGate.gradient, [-0.0457618, -0.0521973, 0.0979591, 0.0686465, 0.1383319, -0.2069785])
  })

  it('gives the gate no gradient but that of the labels', () => {
    const distilled = (gate: Tensor) => {
      const parts = lossAt(branches(), gate)
      return total(Object.fromEntries(Object.entries(parts).filter(([name]) => name.endsWith('.kd')))).add(
        gate.sum().mul(0),
      )
    }
    expect(valueAndGradient((gate) => distilled(gate).asScalar(), rows(GATE)).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('has nothing to distil between equal branches, whose ensemble is what they are', () => {
    const logits = [rows(BRANCHES[1]), rows(BRANCHES[1]), rows(BRANCHES[1])]
    const gates = tf.softmax(rows(GATE))
    expectNear([...gates.sum(1).dataSync()], [1, 1])
    expectNear([...gatedEnsemble(tf, { logits, gates }).dataSync()], BRANCHES[1] ?? [])
    const parts = lossAt(logits, rows(GATE))
    for (const branch of [1, 2, 3]) expect(Math.abs(parts[`branch${branch}.kd`]?.dataSync()[0] ?? 1)).toBeLessThan(1e-6)
  })

  it('mixes by the shares that checks/one.py has, and by equal ones to the mean', () => {
    const mixed = gatedEnsemble(tf, { logits: branches(), gates: tf.softmax(rows(GATE)) })
    expectNear([...mixed.dataSync()], [1.5117127, 0.3973078, -0.0246324, -0.6975071, 1.9467041, 0.440664])
    const equal = gatedEnsemble(tf, { logits: branches(), gates: tf.fill([2, 3], 1 / 3) })
    expectNear([...equal.dataSync()], [2, 0, -1 / 6, -1 / 6, 1, 1 / 6])
  })
})

const MEMBERS = ['branch1.logits', 'branch2.logits', 'branch3.logits']
const pool: LayerSpec = { type: 'globalAvgPool', name: 'pool', inputs: ['input'] }
const dense: LayerSpec = { type: 'dense', name: 'mix', inputs: ['pool'], units: 3, bias: true, init: 'glorot' }
const norm: LayerSpec = { type: 'batchNorm', name: 'norm', inputs: ['mix'], momentum: 0.9, epsilon: 1e-5 }
const GATE_LAYERS = { inputShape: [4, 4, 2], layers: [pool, dense, norm], output: 'norm', taps: {} }

const network = buildNetwork({ tf, role: 'student', architecture: tinyBranched(), seed: 1 })
const gate = buildNetwork({ tf, role: 'gate', architecture: GATE_LAYERS, seed: 2 })
const x = tf.randomUniform([5, 4, 4, 1], 0, 1, 'float32', 3)

describe('the ensemble as a network', () => {
  it('weighs the branches by the softmax of the gate on the trunk', () => {
    const ensemble = ensembleNetwork(tf, {
      role: 'ensemble',
      network,
      members: MEMBERS,
      gate: { network: gate, on: 'trunk' },
    })
    const pass = forward({ tf, network, x })
    const shares = tf.split(tf.softmax(forward({ tf, network: gate, x: pass.tap('trunk') }).logits), 3, 1)
    const expected = tf.addN(MEMBERS.map((tap, i) => pass.tap(tap).mul(shares[i] ?? 0)))
    expectNear([...forward({ tf, network: ensemble, x }).logits.dataSync()], [...expected.dataSync()])
  })

  it('is the mean of the branches without a gate', () => {
    const ensemble = ensembleNetwork(tf, { role: 'ensemble', network, members: MEMBERS, gate: null })
    const pass = forward({ tf, network, x })
    const expected = tf.addN(MEMBERS.map((tap) => pass.tap(tap))).div(3)
    expectNear([...forward({ tf, network: ensemble, x }).logits.dataSync()], [...expected.dataSync()])
  })

  it('follows the weights of the branches, and leaves them answering as before', () => {
    const before = [...forward({ tf, network, x }).logits.dataSync()]
    const ensemble = ensembleNetwork(tf, { role: 'ensemble', network, members: MEMBERS, gate: null })
    expect([...forward({ tf, network, x }).logits.dataSync()]).toEqual(before)
    const [first] = network.trainable
    first?.assign(tf.zeros(first.shape))
    const pass = forward({ tf, network, x })
    const expected = tf.addN(MEMBERS.map((tap) => pass.tap(tap))).div(3)
    expectNear([...forward({ tf, network: ensemble, x }).logits.dataSync()], [...expected.dataSync()])
  })
})

describe('a training with one', () => {
  it('trains every branch and the gate, and deploys the branch that was asked for', async () => {
    const { plan, values } = await trainMethod({ ...TRAINING, params: { ...PARAMS, deploy: 2 } })
    const [start = {}, end = {}] = values
    expect(Object.keys(start).filter((name) => start[name] === end[name])).toEqual([])
    expect(Object.keys(start)).toEqual(expect.arrayContaining(['gate/mix/kernel', 'student/branch3-conv/kernel']))
    expect(plan.deploy.role).toBe('student:branch2.logits')
    expect(plan.stages[0]?.evaluate?.map(({ role }) => role)).toEqual([
      'student:branch1.logits',
      'student:branch2.logits',
      'student:branch3.logits',
      'ensemble',
    ])
  })

  it('begins with next to no distillation, unless there is no ramp', async () => {
    const ramped = await trainMethod(TRAINING)
    const whole = await trainMethod({ ...TRAINING, params: { ...PARAMS, rampEpochs: 0 } })
    const [first = 0, full = 0] = [ramped, whole].map(({ losses }) => losses['branch1.kd']?.[0])
    expect(full).toBeGreaterThan(1e-4)
    expect(first / full).toBeCloseTo(Math.exp(-5), 4)
  })

  it('by the mean has no gate to train', async () => {
    const { values, plan } = await trainMethod({ ...TRAINING, params: { ...PARAMS, gate: 'mean' } })
    expect(Object.keys(values[0] ?? {}).filter((name) => !name.startsWith('student/'))).toEqual([])
    expect(plan.stages[0]?.players.map(({ role }) => role)).toEqual(['student'])
  })
})

describe('the check of one', () => {
  const { signature } = tinyImages()
  const job = { signature, student: tinyBranched(), teachers: [], peers: [], batchSize: 8, sources: {} }

  it('refuses a student without branches, and says where they come from', () => {
    expect(one.check?.(PARAMS, job)).toEqual([])
    expect(one.check?.(PARAMS, { ...job, student: tinyCnn() })).toEqual([
      {
        in: 'job',
        path: '/student/model',
        message: expect.stringContaining('no branches'),
        expected: expect.stringContaining('multi-branch'),
        received: expect.stringContaining('stage1, stage2, penultimate, logits'),
      },
    ])
    expect(one.check?.(PARAMS, { ...job, student: tinyBranched([4]) })).toHaveLength(1)
  })

  it('refuses to deploy a branch that there is not', () => {
    expect(one.check?.({ ...PARAMS, deploy: 3 }, job)).toEqual([])
    expect(one.check?.({ ...PARAMS, deploy: 4 }, job)).toEqual([
      { path: '/deploy', message: expect.any(String), expected: expect.stringContaining('3'), received: '4' },
    ])
  })
})
