import { type Architecture, describeArchitecture, type Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { ffl, fflLoss, fusedNetwork } from './ffl.ts'
import { meanLogits } from './shared/mean-logits.ts'
import { expectNear, ops, tf, valueAndGradient } from './testing/cpu-tf.ts'
import { tinyBranched } from './testing/tiny-branched.ts'
import { tinyImages } from './testing/tiny-networks.ts'
import { type TrainMethod, trainMethod } from './testing/train-method.ts'

// two branches and the fused answer, two samples, three classes; the numbers expected of them come from checks/ffl.py
const BRANCHES = [
  [2, -1, 0.5, 0, 1, -2],
  [3, 0, -1, -1, 2.5, 0.5],
]
const FUSED = [1, 1, 0, 0.5, -0.5, 2]
const rows = (values: readonly number[] = []) => tf.tensor2d([...values], [2, 3])

const PARAMS = { temperature: 3, weight: 1, deploy: 1 }
const student = tinyBranched([4, 4])
const TRAINING = { tf, method: ffl, params: PARAMS, student, spec: { steps: 2 } } satisfies TrainMethod

const total = (parts: Readonly<Record<string, Tensor>>) => tf.addN(Object.values(parts)).asScalar()
const only = (name: RegExp, parts: Readonly<Record<string, Tensor>>) =>
  total(Object.fromEntries(Object.entries(parts).filter(([part]) => name.test(part))))

function lossAt(logits: readonly Tensor[], fused: Tensor) {
  const labels = tf.tensor1d([0, 2], 'int32')
  return fflLoss(ops, { logits, ensemble: meanLogits(tf, logits), fused, labels, temperature: 3, weight: 0.4 })
}

describe('the loss of ffl', () => {
  it('has the value and the gradients of checks/ffl.py in a branch and in the fused answer', () => {
    const inFirst = valueAndGradient((z) => total(lossAt([z, rows(BRANCHES[1])], rows(FUSED))), rows(BRANCHES[0]))
    expect(inFirst.value).toBeCloseTo(5.4074095, 5)
    expectNear(inFirst.gradient, [-0.0241831, -0.0895194, 0.1137025, 0.1577099, 0.5127911, -0.670501])
    const inFused = valueAndGradient((z) => total(lossAt(BRANCHES.map(rows), z)), rows(FUSED))
    expectNear(inFused.gradient, [-0.4073892, 0.3071642, 0.100225, 0.1151455, -0.1554388, 0.0402933])
  })

  it('has nothing to teach where all answers are equal', () => {
    const parts = lossAt([rows(FUSED), rows(FUSED)], rows(FUSED))
    expect(Math.abs(only(/\.kd$/, parts).dataSync()[0] ?? 1)).toBeLessThan(1e-6)
  })

  it('moves no teacher: not the fused answer by the branches, nor these by the fused one', () => {
    const inFused = (z: Tensor) =>
      only(/^branch\d\.kd$/, lossAt(BRANCHES.map(rows), z))
        .add(z.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(inFused, rows(FUSED)).gradient).toEqual([0, 0, 0, 0, 0, 0])
    const inFirst = (z: Tensor) =>
      only(/^fused\.kd$/, lossAt([z, rows(BRANCHES[1])], rows(FUSED)))
        .add(z.sum().mul(0))
        .asScalar()
    expect(valueAndGradient(inFirst, rows(BRANCHES[0])).gradient).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe('the fusion module of ffl', () => {
  it('has 16,228 weights for two maps of 64 channels and 100 classes', () => {
    const maps: Architecture = {
      inputShape: [8, 8, 64],
      layers: [1, 2].map((k) => ({
        ...{ type: 'activation', name: `map${k}`, inputs: ['input'], activation: 'relu' },
      })),
      output: 'map1',
      taps: { 'branch1.stage3': 'map1', 'branch2.stage3': 'map2', penultimate: 'map1', logits: 'map1' },
    }
    const fused = fusedNetwork(maps, { taps: ['branch1.stage3', 'branch2.stage3'], channels: 64, classes: 100 })
    const { params, faults, shapes } = describeArchitecture(fused)
    expect(faults).toEqual([])
    expect(params).toBe(16_228)
    expect(shapes.get('fusion-relu2')).toEqual([8, 8, 64])
  })
})

describe('a training with ffl', () => {
  it('moves the branches through their maps by the fused labels alone, but no branch’s own head', async () => {
    const { values } = await trainMethod({
      ...TRAINING,
      change: (plan) => ({
        ...plan,
        stages: plan.stages.map((stage) => ({
          ...stage,
          updates: stage.updates.map((update) =>
            update.kind === 'state'
              ? update
              : { ...update, loss: (step) => ({ 'fused.ce': update.loss(step)['fused.ce'] as never }) },
          ),
        })),
      }),
    })
    const [start = {}, end = {}] = values
    const moved = Object.keys(start).filter((name) => start[name] !== end[name])
    expect(moved).toEqual(expect.arrayContaining(['student/trunk-conv/kernel', 'student/branch2-conv/kernel']))
    expect(moved).toEqual(expect.arrayContaining(['fused/fusion-pointwise/kernel', 'fused/fusion-logits/bias']))
    expect(moved.filter((name) => /^student\/branch\d-logits/.test(name))).toEqual([])
  })

  it('hands out the fused network, whose lower layers are the student’s', async () => {
    const { plan, values } = await trainMethod(TRAINING)
    expect(plan.deploy.role).toBe('student:branch1.logits')
    expect(plan.also?.['fused']?.role).toBe('fused')
    const end = values.at(-1) ?? {}
    const shared = Object.keys(end).filter((name) => name.startsWith('fused/') && !name.includes('fusion-'))
    expect(shared).toEqual(expect.arrayContaining(['fused/trunk-conv/kernel', 'fused/branch2-norm/moving_variance']))
    for (const name of shared) expect([name, end[name]]).toEqual([name, end[name.replace('fused/', 'student/')]])
  })

  it('deploys the fused network when it is asked for', async () => {
    const { plan } = await trainMethod({ ...TRAINING, params: { ...PARAMS, deploy: 0 } })
    expect(plan.deploy.role).toBe('fused')
    expect(Object.keys(plan.also ?? {})).toEqual(['branch1'])
  })
})

describe('the check of ffl', () => {
  const { signature } = tinyImages()
  const job = { signature, student, teachers: [], peers: [], batchSize: 8, sources: {} }

  it('refuses features that are no maps, taps that are not there and branches that are not', () => {
    expect(ffl.check?.(PARAMS, job)).toEqual([])
    expect(ffl.check?.({ ...PARAMS, tap: 'penultimate' }, job)).toEqual([
      {
        path: '/tap',
        message: expect.any(String),
        expected: expect.stringContaining('[H, W, C]'),
        received: 'branch1.penultimate [4], branch2.penultimate [4]',
      },
    ])
    expect(ffl.check?.({ ...PARAMS, tap: 'stage9' }, job)).toMatchObject([
      { path: '/tap', received: 'branch1.stage9' },
      { path: '/tap', received: 'branch2.stage9' },
    ])
    expect(ffl.check?.({ ...PARAMS, deploy: 3 }, job)).toMatchObject([{ path: '/deploy', received: '3' }])
  })
})
