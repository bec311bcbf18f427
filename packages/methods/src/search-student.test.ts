import {
  type Architecture,
  buildNetwork,
  forward,
  type HostContext,
  type MethodSetup,
  type Network,
  type Plan,
  type Tensor,
  type Variable,
} from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { gateCosts, searchDivergence, searchStudent, softThreshold, unitLengths } from './search-student.ts'
import { gatedArchitecture, gatesOf } from './shared/gated-network.ts'
import { layerWeights } from './shared/layer-weights.ts'
import { type KeptUnits, takeUnits } from './shared/smaller-network.ts'
import { unitChain, withUnits } from './shared/unit-chain.ts'
import { expectNear, ops, tf } from './testing/cpu-tf.ts'
import { plainCnn } from './testing/plain-cnn.ts'
import { tinyJob } from './testing/tiny-job.ts'
import { tinyCnn, tinyMlp } from './testing/tiny-networks.ts'
import { type TrainedMethod, type TrainMethod, trainMethod } from './testing/train-method.ts'

const PARAMS = {
  searchShare: 0.5,
  select: 'gates',
  budget: 3,
  measure: 'units',
  init: 'inherit',
  direction: 'teacher-first',
  lambda1: 0,
  lambda2: 0.2,
  cost: 'one',
  gateRate: 0.5,
  temperature: 4,
  alpha: 0.9,
}
const NETWORK = tinyMlp(6)
const TRAINING = {
  tf,
  method: searchStudent,
  params: PARAMS,
  student: NETWORK,
  teachers: [NETWORK],
  spec: { steps: 12, optimizer: { name: 'sgd', learningRate: 0.1 } },
} satisfies TrainMethod
/** Moves no weight so far that it shows. */
const STILL = { name: 'sgd', learningRate: 1e-30 } as const

const layersOf = (architecture: Architecture) => {
  const chain = unitChain(architecture)
  if (!chain.ok) throw new Error(chain.message)
  return chain.layers
}
const build = (role: string, architecture: Architecture) => buildNetwork({ tf, role, architecture, seed: 3 })
const logitsOf = (network: Network, x: Tensor) =>
  tf.tidy(() => Array.from(forward({ tf, network, x }).logits.dataSync()))
const wave = (shape: readonly number[], offset: number) => {
  const size = shape.reduce((all, axis) => all * axis, 1)
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i ** 2 + offset))
  return tf.tensor(values, [...shape])
}
/** Values from −1 to 1; moving variances and scales from ½ to 1½. */
function fill(network: Network): void {
  network.variables.forEach((variable, i) => {
    const values = wave(variable.shape, i)
    variable.assign(/variance|gamma/.test(variable.name) ? values.mul(0.5).add(1) : values)
  })
}
const valuesOf = (hex: string | undefined) =>
  Array.from(new Float32Array(new Uint8Array(Buffer.from(hex ?? '', 'hex')).buffer))
const gatesAfter = ({ values }: TrainedMethod, stage: number) =>
  valuesOf(values[stage]?.['gated/hidden.gates/depthwise_kernel'])

describe('a step of the search', () => {
  // the numbers expected come from checks/search_student.py
  const architecture = tinyMlp(4)
  const gated = build('gated', gatedArchitecture(architecture, layersOf(architecture)))
  const [w1, b1, gate, w2, b2] = gated.variables as [Variable, Variable, Variable, Variable, Variable]
  w1.assign(wave([16, 4], 1).mul(0.5))
  b1.assign(wave([4], 2).mul(0.1))
  w2.assign(wave([4, 3], 3))
  b2.assign(wave([3], 4).mul(0.1))
  const x = wave([2, 4, 4, 1], 0)
  gate.assign(tf.onesLike(gate))
  const teacher = tf.tidy(() => forward({ tf, network: gated, x }).logits)
  const start = tf.tensor4d([0.9, -0.5, 0.3, 1.2], [1, 1, 4, 1])

  it.each([
    [
      'teacher-first',
      0.0174432,
      [-0.0519079, -0.0192251, -0.0066712, -0.011303],
      [0.8259539, -0.3903875, 0.2033356, 1.1056515],
    ],
    [
      'student-first',
      0.0189945,
      [-0.0552914, -0.0216981, -0.0078753, -0.0134687],
      [0.8276457, -0.3891509, 0.2039376, 1.1067343],
    ],
  ] as const)(
    'has the divergence, gradient and gates of checks/search_student.py (%s)',
    (direction, kl, slopes, after) => {
      gate.assign(start)
      const loss = () =>
        searchDivergence({ tf, ops }, { student: forward({ tf, network: gated, x }).logits, teacher, direction })
      const { value, grads } = tf.variableGrads(loss, [gate])
      const gradient = grads[gate.name] as Tensor
      expect(value.dataSync()[0]).toBeCloseTo(kl, 6)
      expectNear(Array.from(gradient.dataSync()), slopes, 6)
      expectNear(Array.from(softThreshold(tf, gate.sub(gradient.mul(0.5)), 0.5 * 0.2).dataSync()), after, 6)
    },
  )

  it('makes a gate nearer to zero than the step exactly zero', () => {
    const after = softThreshold(tf, tf.tensor1d([0.05, -0.05, 0.1, 0, -0.3]), 0.1)
    expect(Array.from(after.dataSync()).map(Math.abs)).toEqual([0, 0, 0, 0, expect.closeTo(0.2, 6)])
  })

  it('weighs a gate by the cost of its unit over the mean, as checks/search_student.py does', () => {
    const window = { kernel: 3, stride: 1, padding: 'same', bias: true, init: 'he' } as const
    const two: Architecture = {
      inputShape: [4, 4, 1],
      layers: [
        { type: 'conv2d', name: 'one', inputs: ['input'], filters: 2, ...window },
        { type: 'conv2d', name: 'two', inputs: ['one'], filters: 3, ...window },
        { type: 'globalAvgPool', name: 'mean', inputs: ['two'] },
        { type: 'dense', name: 'logits', inputs: ['mean'], units: 3, bias: true, init: 'glorot' },
      ],
      output: 'logits',
      taps: { penultimate: 'mean', logits: 'logits' },
    }
    expectNear(gateCosts(two, layersOf(two), 'params'), [1.3214286, 0.7857143], 6)
    expectNear(gateCosts(two, layersOf(two), 'flops'), [1.4222222, 0.7185185], 6)
    expect(gateCosts(two, layersOf(two), 'one')).toEqual([1, 1])
  })
})

describe('the search', () => {
  /** Plan whose search begins with a unit that nothing reads: the divergence has no gradient in its gate. */
  const withIdleUnit = (plan: Plan): Plan => {
    const [search] = plan.stages
    const begin = (host: HostContext) => {
      search?.begin?.(host)
      const kernel = plan.deploy.variables.find(({ shape }) => shape.join() === '6,3')
      kernel?.assign(kernel.mul(tf.tensor2d([0, 1, 1, 1, 1, 1], [6, 1])) as never)
    }
    return { ...plan, stages: search === undefined ? [] : [{ ...search, begin }] }
  }
  const idleGate = async (steps: number, change: object = {}) => {
    const spec = { ...TRAINING.spec, optimizer: STILL, steps: 2 * steps, ...change }
    return gatesAfter(await trainMethod({ ...TRAINING, change: withIdleUnit, spec }), 1)[0]
  }

  it('shrinks a gate without gradient by gateRate · lambda2 · α with each step, and leaves it at zero', async () => {
    expect(await idleGate(1)).toBe(Math.fround(1 - Math.fround(0.1)))
    expect(await idleGate(4)).toBeCloseTo(0.6, 6)
    expect(await idleGate(10)).toBeLessThan(1e-6)
    expect(await idleGate(11)).toBe(0)
    expect(await idleGate(14)).toBe(0)
  })

  it('shrinks it by that times α where units differ in cost', async () => {
    const costs = gateCosts(NETWORK, layersOf(NETWORK), 'params')
    expect(costs).toEqual([1])
    const params = { ...PARAMS, cost: 'params' }
    const both = { student: plainCnn(), teachers: [plainCnn()], params: { ...params, lambda2: 1e-3, gateRate: 1e-3 } }
    const spec = { ...TRAINING.spec, optimizer: STILL, steps: 2 }
    const { values } = await trainMethod({ ...TRAINING, ...both, spec })
    const alphas = gateCosts(plainCnn(), layersOf(plainCnn()), 'params')
    for (const [i, layer] of ['conv', 'hidden'].entries())
      for (const gate of valuesOf(values[1]?.[`gated/${gatesOf(layer)}/depthwise_kernel`]))
        expect((1 - gate) / 1e-6 / (alphas[i] ?? 0)).toBeCloseTo(1, 0)
  })

  it('shrinks gates with the optimisers where gradients are accumulated', async () => {
    expect(await idleGate(4, { accumulate: 2 })).toBeCloseTo(0.8, 6)
    expect(await idleGate(5, { accumulate: 2 })).toBeCloseTo(0.8, 6)
  })

  it('without pull leaves the gates at 1 and the divergence at 0, for it begins as the teacher', async () => {
    for (const network of [NETWORK, tinyCnn(2), plainCnn()]) {
      const both = { student: network, teachers: [network], params: { ...PARAMS, lambda2: 0 } }
      const { values, losses } = await trainMethod({ ...TRAINING, ...both })
      const gates = Object.entries(values[1] ?? {}).filter(([name]) => name.includes('.gates/'))
      expect(gates.length).toBeGreaterThan(0)
      for (const [, hex] of gates) for (const gate of valuesOf(hex)) expect(gate).toBeCloseTo(1, 5)
      for (const kl of losses['kl'] ?? [1]) expect(Math.abs(kl)).toBeLessThan(1e-6)
    }
  })

  it('has the length of all weights but the gates as a part of its own', async () => {
    const { losses } = await trainMethod({ ...TRAINING, params: { ...PARAMS, lambda1: 0.01 } })
    const first = losses['length']?.[0] ?? 0
    const network = buildNetwork({ tf, role: 'teachers[0]', architecture: NETWORK, seed: 5, frozen: true })
    const squares = network.variables.map((weight) => weight.square().sum().dataSync()[0] ?? 0)
    expect(first).toBeCloseTo(0.01 * Math.sqrt(squares.reduce((sum, one) => sum + one, 0)), 6)
    expect(Object.keys((await trainMethod(TRAINING)).losses)).toEqual(['kl', 'ce', 'kd'])
  })

  it('keeps constant rates, and the distillation has the schedule from its beginning', async () => {
    const { plan, rates } = await trainMethod({ ...TRAINING, spec: { ...TRAINING.spec, schedule: { name: 'cosine' } } })
    expect(plan.stages.map(({ schedule }) => schedule)).toEqual([{ name: 'constant' }])
    // those of a stage with one player, the distillation
    expect(rates).toHaveLength(6)
    expect(rates[0]).toBeGreaterThan(0.09)
    expect(rates.at(-1)).toBeLessThan(0.01)
  })
})

describe('a network with gates', () => {
  const NETWORKS: [string, Architecture][] = [
    ['dense layers', tinyMlp(6)],
    ['convolutions with batch norm', tinyCnn(3)],
    ['depthwise convolution, pooling and flatten', plainCnn()],
  ]

  it.each(NETWORKS)('of 1 and with the weights of the teacher answers as it does (%s)', (_, architecture) => {
    const teacher = build('teacher', architecture)
    fill(teacher)
    const asGated = gatedArchitecture(architecture, layersOf(architecture))
    const gated = build('gated', asGated)
    takeUnits({
      tf,
      architecture,
      from: layerWeights(teacher, architecture),
      to: layerWeights(gated, asGated),
      kept: {},
    })
    for (const { name } of layersOf(architecture)) {
      const gates = layerWeights(gated, asGated).get(gatesOf(name))?.[0] as Variable
      gates.assign(tf.onesLike(gates))
    }
    const x = wave([5, 4, 4, 1], 7)
    expectNear(logitsOf(gated, x), logitsOf(teacher, x), 6)
  })

  it.each(NETWORKS)('answers as the small one that is taken out of it, gates folded in (%s)', (_, architecture) => {
    const layers = layersOf(architecture)
    const asGated = gatedArchitecture(architecture, layers)
    const gated = build('gated', asGated)
    fill(gated)
    const from = layerWeights(gated, asGated)
    const kept: Record<string, number[]> = {}
    const gates: Record<string, number[]> = {}
    for (const [i, { name, units }] of layers.entries()) {
      // every third is zero, the others lie on both sides of it
      gates[name] = Array.from({ length: units }, (__, unit) => (unit % 3 === 1 ? 0 : Math.cos(unit + i) + 0.2))
      kept[name] = Array.from({ length: units }, (__, unit) => unit).filter((unit) => unit % 3 !== 1)
      const variable = from.get(gatesOf(name))?.[0] as Variable
      variable.assign(tf.tensor(gates[name], variable.shape))
    }
    const smaller = withUnits(architecture, counts(kept))
    const found = build('found', smaller)
    takeUnits({ tf, architecture, from, to: layerWeights(found, smaller), kept, gates })
    const x = wave([5, 4, 4, 1], 7)
    expectNear(logitsOf(found, x), logitsOf(gated, x), 5)
    expect(logitsOf(found, x).some((value) => Math.abs(value) > 0.1)).toBe(true)
  })

  it('gives the weights of checks/search_student.py to the small one', () => {
    const architecture = tinyMlp(4)
    const from = build('teacher', architecture)
    const [w1, b1, w2, b2] = from.variables as [Variable, Variable, Variable, Variable]
    w1.assign(wave([16, 4], 1).mul(0.5))
    b1.assign(wave([4], 2).mul(0.1))
    w2.assign(wave([4, 3], 3))
    b2.assign(wave([3], 4).mul(0.1))
    const smaller = withUnits(architecture, { hidden: 3 })
    const found = build('found', smaller)
    const copy = { from: layerWeights(from, architecture), to: layerWeights(found, smaller) }
    takeUnits({ tf, architecture, ...copy, kept: { hidden: [0, 1, 3] }, gates: { hidden: [0.9, -0.5, 0.3, 1.2] } })
    const expected = [0.2357112, -1.1704411, 0.9442277, 0.9465222, 0.7726686, -1.2892354]
    expectNear(logitsOf(found, wave([2, 4, 4, 1], 0)), expected, 5)
    expectNear(
      Array.from(unitLengths(w1.dataSync() as Float32Array, 4)),
      [1.5221452, 1.4169012, 1.3927296, 1.4049735],
      5,
    )
  })
})

const counts = (kept: KeptUnits) =>
  Object.fromEntries(Object.entries(kept).map(([layer, units]) => [layer, units.length]))

describe('a training with search-student', () => {
  const keptBy = async (change: object, training: Partial<TrainMethod> = {}) => {
    const { decisions } = await trainMethod({ ...TRAINING, ...training, params: { ...PARAMS, ...change } })
    return (decisions[0] as { kept: KeptUnits }).kept
  }

  it('searches, decides on as many units as the budget allows, and distils a small network without gates', async () => {
    const { stages, values, decisions } = await trainMethod(TRAINING)
    expect(stages).toEqual(['search', 'distil'])
    const { kept } = decisions[0] as { kept: KeptUnits }
    const gates = gatesAfter({ values } as unknown as TrainedMethod, 1)
    const best = gates.map((gate, unit) => ({ gate, unit })).sort((a, b) => Math.abs(b.gate) - Math.abs(a.gate))
    expect(kept).toEqual({
      hidden: best
        .slice(0, 3)
        .map(({ unit }) => unit)
        .sort(),
    })
    const found = Object.keys(values.at(-1) ?? {}).filter((name) => name.startsWith('found/'))
    expect(found).toEqual(['found/hidden/kernel', 'found/hidden/bias', 'found/logits/kernel', 'found/logits/bias'])
    expect(valuesOf(values.at(-1)?.['found/hidden/kernel'])).toHaveLength(16 * 3)
  })

  it('gives the small network what is left, or with fresh the first weights of any network', async () => {
    // the distillation moves nothing, so its end is its beginning
    const spec = { ...TRAINING.spec, optimizer: STILL }
    const { values, decisions } = await trainMethod({ ...TRAINING, spec })
    const unit = (decisions[0] as { kept: KeptUnits }).kept['hidden']?.[0] ?? 0
    const of = (name: string) => valuesOf(values.at(-1)?.[name])
    const row = of('gated/logits/kernel').slice(3 * unit, 3 * unit + 3)
    const gate = gatesAfter({ values } as unknown as TrainedMethod, 1)[unit] ?? 0
    expectNear(
      of('found/logits/kernel').slice(0, 3),
      row.map((weight) => weight * gate),
      6,
    )
    const fresh = await trainMethod({ ...TRAINING, spec, params: { ...PARAMS, init: 'fresh' } })
    expectNear(
      valuesOf(fresh.values.at(-1)?.['found/hidden/kernel']),
      Array.from(buildNetwork({ tf, role: 'found', architecture: tinyMlp(3), seed: 5 }).variables[0]?.dataSync() ?? []),
      6,
    )
  })

  it('chooses at random, or by the largest weights of the teacher, whatever the search finds', async () => {
    const kernel = buildNetwork({ tf, role: 'teachers[0]', architecture: NETWORK, seed: 5, frozen: true }).variables[0]
    const lengths = [...unitLengths(kernel?.dataSync() as Float32Array, 6)]
    const longest = [...lengths].sort((a, b) => b - a).slice(0, 3)
    for (const searchShare of [0, 0.5]) {
      const kept = await keptBy({ select: 'norm', searchShare })
      expect(kept['hidden']?.map((unit) => lengths[unit]).sort()).toEqual(longest.sort())
      expect((await keptBy({ select: 'random', searchShare }))['hidden']).toHaveLength(3)
    }
    expect(await keptBy({ select: 'random', gateRate: 2 })).toEqual(await keptBy({ select: 'random', searchShare: 0 }))
  })

  it('takes the units of the controls from the teacher, not from what was searched', async () => {
    const spec = { ...TRAINING.spec, optimizer: STILL }
    const { values, decisions } = await trainMethod({ ...TRAINING, spec, params: { ...PARAMS, select: 'norm' } })
    const units = (decisions[0] as { kept: KeptUnits }).kept['hidden'] ?? []
    const teacher = buildNetwork({ tf, role: 'teachers[0]', architecture: NETWORK, seed: 5, frozen: true })
    const rows = Array.from(teacher.variables[2]?.dataSync() ?? [])
    const expected = units.flatMap((unit) => rows.slice(3 * unit, 3 * unit + 3))
    expectNear(valuesOf(values.at(-1)?.['found/logits/kernel']), expected, 6)
  })

  it('with zeros takes out every gate that is zero, whatever the budget', async () => {
    const training = { spec: { ...TRAINING.spec, optimizer: STILL, steps: 24 } }
    const all = await trainMethod({ ...TRAINING, ...training, params: { ...PARAMS, select: 'zeros', budget: 1 } })
    const gates = gatesAfter(all, 1)
    const alive = gates.flatMap((gate, unit) => (gate === 0 ? [] : [unit]))
    expect(gates).toContain(0)
    expect((all.decisions[0] as { kept: KeptUnits }).kept['hidden']).toEqual(alive.length > 0 ? alive : [0])
  })

  it('spends a budget of weights or multiply-adds on as many units as fit', async () => {
    // a hidden unit has 16 weights, a bias and 3 that read it; the last biases are there anyway
    expect((await keptBy({ measure: 'params', budget: 3 + 2 * 20 }))['hidden']).toHaveLength(2)
    expect((await keptBy({ measure: 'params', budget: 3 + 3 * 20 - 1 }))['hidden']).toHaveLength(2)
    expect((await keptBy({ measure: 'flops', budget: 4 * 19 }))['hidden']).toHaveLength(4)
    expect((await keptBy({ measure: 'units', budget: 0.5 }))['hidden']).toHaveLength(3)
  })

  it('refuses a search without a budget in which no gate can get to zero', async () => {
    const short = { ...PARAMS, select: 'zeros', gateRate: 0.5, lambda2: 0.2 }
    const trained = trainMethod({ ...TRAINING, params: short })
    await expect(trained).rejects.toThrow(/no gate can shrink from 1 to 0.*0\.5 · 0\.2 · 6 steps.*at most 0\.6/)
    await expect(trained).rejects.toMatchObject({ code: 'spec.rejected' })
  })

  it('refuses a loaded teacher of other layers, and one that cannot be looked into', async () => {
    const taught = (change: (setup: MethodSetup) => Partial<MethodSetup>) => {
      const method = { ...searchStudent, check: () => [] }
      const plan = (setup: MethodSetup) => searchStudent.plan({ ...setup, ...change(setup) })
      return trainMethod({ ...TRAINING, method: { ...method, plan } })
    }
    const other = (architecture: Architecture) => build('teacher', architecture)
    const withTeacher = (network: Network | null) => (setup: MethodSetup) => ({
      teachers: setup.teachers.map((teacher) => ({ ...teacher, network })),
    })
    await expect(taught(withTeacher(null))).rejects.toMatchObject({ code: 'spec.rejected' })
    await expect(taught(withTeacher(other(tinyMlp(5))))).rejects.toThrow(/units 6.*as layer 2.*units 5/)
    const tanh = NETWORK.layers.map((layer) => (layer.type === 'activation' ? { ...layer, activation: 'tanh' } : layer))
    await expect(taught(withTeacher(other({ ...NETWORK, layers: tanh } as Architecture)))).rejects.toThrow(/relu.*tanh/)
  })
})

describe('a job with search-student', () => {
  it('is checked for what the search cannot do', () => {
    const job = tinyJob({ student: NETWORK, teachers: [NETWORK] })
    expect(searchStudent.check?.(PARAMS, job)).toEqual([])
    expect(searchStudent.check?.({ ...PARAMS, budget: 7 }, job)).toMatchObject([{ path: '/budget' }])
  })
})
