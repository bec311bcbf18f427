// Search for a better student: a copy of the teacher loses the units that matter least to its answers, and what is left is
// the student that is distilled. Which units are left shows only in training, so its stages are two plans.
import {
  type Architecture,
  type HostContext,
  type MethodSetup,
  type Network,
  type Plan,
  type PlanMethod,
  type Scalar,
  type Stage,
  type StateUpdate,
  type StepContext,
  type Tensor,
  type Tf,
  TrainingError,
  type Variable,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { chooseUnits } from './shared/choose-units.ts'
import { gatedArchitecture, gatesOf } from './shared/gated-network.ts'
import { kdLoss, kdParameters } from './shared/kd-loss.ts'
import { type LayerWeights, layerWeights } from './shared/layer-weights.ts'
import { sameLayersFault } from './shared/same-layers.ts'
import { budgetOf, looksAtGates, searchFaults } from './shared/search-faults.ts'
import { type KeptUnits, takeUnits } from './shared/smaller-network.ts'
import { type UnitLayer, unitChain, unitCosts, withUnits } from './shared/unit-chain.ts'

const parameters = Type.Object(
  {
    searchShare: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: 'share of the training that the search takes; 0 only where select looks at no gates',
    }),
    select: Type.Enum(['gates', 'zeros', 'random', 'norm'], {
      default: 'gates',
      description:
        'units that stay: the largest gates within the budget; all whose gate is not 0, whatever the budget; or, as controls, a random choice or the largest weights of the teacher, whatever the search finds',
    }),
    budget: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e15,
      default: 0.25,
      description: 'the most that the found student may have: below 1 a share of what the teacher has, else a number',
    }),
    measure: Type.Enum(['units', 'params', 'flops'], {
      default: 'units',
      description: 'what the budget counts: hidden units and channels, weights, or multiply-adds of a sample',
    }),
    init: Type.Enum(['inherit', 'fresh'], {
      default: 'inherit',
      description:
        'what the found student begins with: the weights that are left, or new ones (the architecture alone)',
    }),
    direction: Type.Enum(['teacher-first', 'student-first'], {
      default: 'teacher-first',
      description: 'of the divergence in the search: KL(teacher ‖ student), or KL(student ‖ teacher)',
    }),
    lambda1: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1e-4,
      description: 'weight of the length of all weights together: without it they grow where gates shrink',
    }),
    lambda2: Type.Number({ minimum: 0, maximum: 1000, default: 0.1, description: 'weight of the sum of gates' }),
    cost: Type.Enum(['one', 'params', 'flops'], {
      default: 'one',
      description: "what a gate is weighed by in that sum: 1, or its unit's weights or multiply-adds over their mean",
    }),
    gateRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 0.05,
      description: 'learning rate of the gates, constant; in all a gate can shrink by gateRate · lambda2 · steps',
    }),
    ...kdParameters,
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Gu, Tresp 2020. Student and teacher of the job are one architecture; the student is the copy that is searched.
 *
 * Stage `search`: a gate g_j, 1 at first, on every hidden unit and channel, and
 * min KL(f_t ‖ f_s(w, g)) + lambda1 · ‖w‖₂ + lambda2 · Σ_j α_j |g_j|, no labels. Weights are trained by the job's optimiser,
 * gates by a proximal step at a rate of their own: v = g − gateRate · ∂KL/∂g, g ← sign(v) · max(|v| − gateRate · lambda2 ·
 * α_j, 0), which gives exact zeros. Batch norm has the teacher's statistics and there is no dropout: with the statistics of
 * the batch, batch norm behind the next layer would undo the gates. Rates are constant. Logged: gates that are not zero,
 * and Σ_j α_j |g_j|.
 *
 * Then the units are chosen, all layers in one ranking by |g_j|; each layer keeps at least one; g_j is folded into the
 * weights that read it. Stage `distil`: `kd` of the small network, which has no gates, with the job's schedule from its
 * beginning. The order of the divergence's arguments, the proximal step and inheriting the weights are our reading of the
 * paper, whose defaults are not known.
 */
export const searchStudent: PlanMethod = {
  name: 'search-student',
  title: 'Search for better students',
  summary:
    'A copy of the teacher is shrunk by gates on its hidden units and channels; the units that are left are the student, which is then distilled.',
  paper: {
    title: 'Search for Better Students to Learn Distilled Knowledge',
    authors: 'Gu, Tresp',
    venue: 'ECAI',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 1 }, labels: true },
  check: (params, job) => searchFaults(params as Params, job),
  plan(setup) {
    const search = searchOf(setup)
    const { searchShare } = search.params
    requireReach(search)
    const next = {
      decide: async (host: HostContext) => decide(search, host),
      plan: (decision: unknown) => distilPlan(search, decision as Decision),
    }
    return { deploy: search.gated, stages: searchShare > 0 ? [searchStage(search)] : [], next }
  },
}

/** Plain JSON. */
interface Decision {
  readonly kept: KeptUnits
}

interface Search {
  readonly setup: MethodSetup
  readonly params: Params
  readonly architecture: Architecture
  readonly layers: readonly UnitLayer[]
  /** The teacher's weights. */
  readonly teacher: LayerWeights
  readonly gated: Network
  /** Of the gated network. */
  readonly weights: LayerWeights
  /** [1, 1, C, 1] of each layer. */
  readonly gates: readonly Variable[]
  /** α of each layer. */
  readonly costs: readonly number[]
}

function searchOf(setup: MethodSetup): Search {
  const { studentArchitecture: architecture } = setup
  const params = setup.params as Params
  const chain = unitChain(architecture)
  if (!chain.ok) throw rejected('/student', `${chain.message}. Expected ${chain.expected}; received ${chain.received}`)
  const gatedAs = gatedArchitecture(architecture, chain.layers)
  const gated = setup.build('gated', gatedAs)
  const weights = layerWeights(gated, gatedAs)
  return {
    ...{ setup, params, architecture, layers: chain.layers, gated, weights },
    teacher: layerWeights(teacherOf(setup), architecture),
    gates: chain.layers.map(({ name }) => weights.get(gatesOf(name))?.[0] as Variable),
    costs: gateCosts(architecture, chain.layers, params.cost),
  }
}

function rejected(path: string, message: string): TrainingError {
  return new TrainingError('spec.rejected', `${path}: ${message}.`)
}

function teacherOf({ teachers, student }: MethodSetup): Network {
  const network = teachers[0]?.network
  if (!network)
    throw rejected(
      '/teachers/0',
      'its weights are what the search begins with. Expected a teacher in the format tfjs-layers; received one in another',
    )
  const fault = sameLayersFault(student, network)
  if (fault !== null)
    throw rejected(
      '/teachers/0',
      `the student is a copy of the teacher. Expected ${fault.expected}; received ${fault.received}`,
    )
  return network
}

/** α of each layer's units: with `one` 1, else their cost over the mean of all units. */
export function gateCosts(
  architecture: Architecture,
  layers: readonly UnitLayer[],
  cost: 'one' | 'params' | 'flops',
): number[] {
  if (cost === 'one') return layers.map(() => 1)
  const costs = unitCosts(architecture, layers, cost === 'params' ? 'params' : 'macs')
  const units = layers.reduce((sum, layer) => sum + layer.units, 0)
  const mean = layers.reduce((sum, layer, i) => sum + layer.units * (costs[i] ?? 0), 0) / units
  return costs.map((own) => own / mean)
}

/** Without a budget only gates of exactly 0 go: refuses a search in which none can get there. */
function requireReach({ setup, params, costs }: Search): void {
  if (params.select !== 'zeros') return
  const { epochs, samples, batchSize, accumulate } = setup
  const steps = Math.floor((params.searchShare * epochs * Math.floor(samples / batchSize)) / accumulate)
  const reach = params.gateRate * params.lambda2 * steps * Math.max(...costs)
  if (reach > 1) return
  throw rejected(
    '/method/params',
    `no gate can shrink from 1 to 0, so nothing would be taken out. Expected gateRate · lambda2 · steps above 1, or select: gates; received ${params.gateRate} · ${params.lambda2} · ${steps} steps of the search, at most ${reach.toPrecision(3)}`,
  )
}

function searchStage(search: Search): Stage {
  const { setup, params, architecture, gated, gates } = search
  const trained = gated.trainable.filter((variable) => !gates.includes(variable))
  return {
    name: 'search',
    share: params.searchShare,
    schedule: { name: 'constant' },
    players: [
      { role: gated.role, variables: trained },
      { role: 'gates', variables: gates, optimizer: { name: 'sgd', learningRate: params.gateRate } },
    ],
    updates: [
      {
        kind: 'gradient',
        name: 'search',
        trains: [gated.role, 'gates'],
        loss: (step) => {
          const { logits } = step.infer(gated)
          const kl = searchDivergence(step, { student: logits, teacher: step.teacher(0).logits, ...params })
          const length = params.lambda1 > 0 ? { length: lengthOf(setup.tf, trained).mul(params.lambda1) as Scalar } : {}
          return { kl: kl.mul(hasMoved(step, setup.accumulate)) as Scalar, ...length }
        },
      },
      shrinkUpdate(search),
    ],
    begin: () => {
      takeUnits({ tf: setup.tf, architecture, from: search.teacher, to: search.weights, kept: {} })
      for (const gate of gates) setup.tf.tidy(() => gate.assign(setup.tf.onesLike(gate)))
    },
  }
}

/**
 * 0 as long as the network is the teacher, then 1. Until then the divergence is 0 but for rounding, which an adaptive
 * optimiser would make whole steps of. The search begins the training, so its steps are those of the training.
 */
function hasMoved({ step }: StepContext, accumulate: number): Tensor {
  return step.greaterEqual(accumulate).cast('float32')
}

export interface DivergenceInput {
  /** [B, K] logits */
  readonly student: Tensor
  /** [B, K] logits; gets no gradient */
  readonly teacher: Tensor
  readonly direction: 'teacher-first' | 'student-first'
}

/** Mean over the batch of KL(p_t ‖ p_s), or of KL(p_s ‖ p_t). */
export function searchDivergence(
  { tf, ops }: Pick<StepContext, 'tf' | 'ops'>,
  { student, teacher, direction }: DivergenceInput,
): Scalar {
  if (direction === 'teacher-first') return ops.distillation(student, teacher, 1)
  const [own, target] = [tf.logSoftmax(student), tf.logSoftmax(ops.stopGradient(teacher))]
  return own.exp().mul(own.sub(target)).sum(-1).mean()
}

/** ‖w‖₂ of all of them as one vector. */
function lengthOf(tf: Tf, weights: readonly Variable[]): Tensor {
  return tf.addN(weights.map((weight) => weight.square().sum())).sqrt()
}

function shrinkUpdate({ setup, params, gates, costs }: Search): StateUpdate {
  return {
    kind: 'state',
    name: 'shrink',
    changes: gates,
    run: ({ tf, step }) => {
      // whether the optimisers move with this batch
      const moves = tf.mod(step.add(1), setup.accumulate).equal(0).cast('float32')
      gates.forEach((gate, i) => {
        const by = moves.mul(params.gateRate * params.lambda2 * (costs[i] ?? 1)) as Scalar
        gate.assign(softThreshold(tf, gate, by))
      })
      const sums = gates.map((gate, i) =>
        gate
          .abs()
          .sum()
          .mul(costs[i] ?? 1),
      )
      const alive = gates.map((gate) => gate.notEqual(0).cast('float32').sum())
      return { alive: tf.addN(alive) as Scalar, gates: tf.addN(sums) as Scalar }
    },
  }
}

/** sign(v) · max(|v| − by, 0): the proximal step of by · |v|. */
export function softThreshold(tf: Tf, v: Tensor, by: Scalar | number): Tensor {
  return tf.sign(v).mul(tf.relu(tf.abs(v).sub(by)))
}

function decide(search: Search, host: HostContext): Decision {
  const { params, architecture, layers } = search
  const { select } = params
  const limit = select === 'zeros' ? null : { measure: params.measure, most: budgetOf(params, architecture, layers) }
  const dropZeros = looksAtGates(params)
  return { kept: chooseUnits({ architecture, layers, scores: scoresOf(search, host), dropZeros, limit }) }
}

/** Of the units of each layer. */
function scoresOf({ setup, params, layers, teacher, gates }: Search, { read }: HostContext): Float32Array[] {
  if (params.select === 'random') {
    const random = setup.random('selection')
    return layers.map(({ units }) => Float32Array.from({ length: units }, () => random.uniform()))
  }
  if (params.select === 'norm')
    return layers.map(({ name, units }) => unitLengths(read(teacher.get(name)?.[0] as Variable), units))
  return gates.map((gate) => read(gate).map(Math.abs))
}

/** ‖w_j‖₂ of the weights that feed each unit. @param kernel its last axis the units */
export function unitLengths(kernel: Float32Array, units: number): Float32Array {
  const squares = new Float32Array(units)
  kernel.forEach((weight, i) => {
    squares[i % units] = (squares[i % units] ?? 0) + weight ** 2
  })
  return squares.map(Math.sqrt)
}

function distilPlan(search: Search, { kept }: Decision): Plan {
  const { setup, params, architecture } = search
  const counts = Object.fromEntries(Object.entries(kept).map(([layer, units]) => [layer, units.length]))
  const smaller = withUnits(architecture, counts)
  const found = setup.build('found', smaller)
  const to = layerWeights(found, smaller)
  const stage: Stage = {
    name: 'distil',
    share: 1 - params.searchShare,
    schedule: setup.schedule,
    players: [{ role: found.role, variables: found.trainable }],
    updates: [
      {
        kind: 'gradient',
        name: 'distil',
        trains: [found.role],
        loss: (step) => {
          const student = step.train(found).logits
          return kdLoss(step.ops, { student, teacher: step.teacher(0).logits, labels: step.batch.labels, ...params })
        },
      },
    ],
    ...(params.init === 'inherit' ? { begin: (host) => inherit(search, host, { kept, to }) } : {}),
  }
  return { deploy: found, stages: [stage] }
}

interface Inherit extends Decision {
  readonly to: LayerWeights
}

/** From the network that was searched, or where the search is not asked, from the teacher. */
function inherit({ setup, params, ...search }: Search, { read }: HostContext, { kept, to }: Inherit): void {
  const copy = { tf: setup.tf, architecture: search.architecture, kept, to }
  if (!looksAtGates(params)) {
    takeUnits({ ...copy, from: search.teacher })
    return
  }
  const gates = Object.fromEntries(search.layers.map(({ name }, i) => [name, read(search.gates[i] as Variable)]))
  takeUnits({ ...copy, from: search.weights, gates })
}
