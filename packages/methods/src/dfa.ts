// Differentiable feature aggregation: the target of each stage is a learnt mix of the teacher's layers, found by a search
// between what the student can copy and what is of use to it.
import {
  type GradientUpdate,
  type MethodJob,
  type MethodSetup,
  type Network,
  type ParamFault,
  type PlanMethod,
  type Player,
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
import { type Shape, showShape } from './shared/adapter.ts'
import { layersOfArchitecture, layersOfModel } from './shared/equal-layers.ts'
import { groupConnector, layerGroupFaults, layerGroups, layerGroupsParameter } from './shared/layer-groups.ts'

const weight = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1e6, default: value, description })

const parameters = Type.Object(
  {
    groups: layerGroupsParameter,
    searchShare: Type.Number({
      exclusiveMinimum: 0,
      maximum: 0.8,
      default: 0.4,
      description: 'share of the training that is searched in, the same for every group; the student has the rest',
    }),
    bridgeStudent: weight(1, 'in the search: weight of the student copying the mix (gamma ST)'),
    bridgeTask: weight(
      1,
      'in the search: weight of the labels, told by the mix through the rest of a student (gamma TS)',
    ),
    mixRate: Type.Number({
      minimum: 0,
      maximum: 10,
      default: 0.02,
      description:
        'learning rate of the mixing weights (Adam); follows the schedule of the job. 0: they stay as they begin',
    }),
    shares: Type.Array(Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 1 }), { minItems: 1, maxItems: 32 }), {
      maxItems: 8,
      default: [],
      description:
        'mix that each group begins with, a share above 0 for each of its layers: one that another job has found. None: equal shares',
    }),
    mixDecay: weight(0.001, 'in the search: weight of the squares of the mixing parameters'),
    featureWeight: weight(1, 'afterwards: weight of each group; the labels weigh 1'),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Guan et al. 2020. A_i = Σ_j α_i^j T_i^j with α_i = softmax(β_i) over the teacher's layers of group i, each divided by its
 * root mean square over the first 5 % of the training, which is only measured in. Search, one group after the other, with a
 * student of its own: bridge = bridgeStudent · mean (F_s(S_i) − A_i)² + bridgeTask · CE(y, rest of the student after F_t(A_i)).
 * In every step the weights of that student and of the connectors F go down the bridge on one half of the samples, then β_i
 * goes down bridge + mixDecay · Σ β_i² on the other half, first order. Then the job's student learns with
 * CE + featureWeight · Σ_i mean (F_i(S_i) − A_i)², α constant and the schedule begun anew. Weights, rates, the form of the
 * decay, the size that layers are divided by and the shares are our reading of the paper. A group of one layer has nothing to
 * search for. α begins equal, or with the job's `shares`, divided by their sum; it is logged as `alpha<group>.<layer>`, both
 * counted from 1.
 */
export const dfa: PlanMethod = {
  name: 'dfa',
  title: 'Differentiable feature aggregation',
  summary: 'Searches for the mix of teacher layers that teaches each stage of the student best, then distils from it.',
  paper: {
    title: 'Differentiable Feature Aggregation Search for Knowledge Distillation',
    authors: 'Guan, Zhao, Wang, Zhang, Yao, Bian, Tang',
    venue: 'ECCV',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 1 }, teacherNetworks: true, labels: true },
  check(params, job) {
    const given = params as Params
    return [...weightFaults(given), ...layerGroupFaults(given.groups, job), ...shareFaults(given, job)]
  },
  plan(setup) {
    const { searchShare } = setup.params as Params
    const mixes = mixesOf(setup)
    const searched = mixes.filter(({ taps }) => taps.length > 1)
    const searcher = searched.length === 0 ? null : setup.build('searcher', setup.studentArchitecture)
    const searches = searched.map((mix) =>
      searchStage(setup, { ...mix, searcher: searcher as Network, share: searchShare / searched.length }),
    )
    const left = 1 - MEASURE_SHARE - (searches.length > 0 ? searchShare : 0)
    return { deploy: setup.student, stages: [measureStage(mixes), ...searches, distilStage(setup, mixes, left)] }
  },
}

/** Of the training; long enough for a mean square, too short to be missed. */
const MEASURE_SHARE = 0.05

/** One group, ready to be mixed. */
interface Mix {
  /** From 1. */
  readonly number: number
  readonly student: string
  readonly taps: readonly string[]
  readonly teacher: Network
  /** Of the teacher's layers. */
  readonly shape: Shape
  /** β, [N] */
  readonly beta: Variable
  /** Mean square of each layer, [N] */
  readonly squares: Variable
  /** Batches that were measured, a scalar. */
  readonly measured: Variable
}

function mixesOf(setup: MethodSetup): Mix[] {
  const { tf, state, studentArchitecture: student } = setup
  const teacher = teacherOf(setup)
  const described = { layers: layersOfModel(teacher), taps: teacher.taps }
  const { groups: given, shares } = setup.params as Params
  const groups = layerGroups(given, student, described)
  if (groups.length === 0) throw rejected('/method/params/groups', 'student and teacher have no stage in common')
  return groups.map((one, i) => {
    const shapes = one.teacher.map((tap) => setup.shapeOf(teacher, tap))
    if (new Set(shapes.map(showShape)).size > 1)
      throw rejected(
        `/method/params/groups/${i}/teacher`,
        `layers of unequal shape, ${shapes.map(showShape).join(', ')}`,
      )
    const number = i + 1
    const count = one.teacher.length
    const begin = shares.length === 0 ? Array<number>(count).fill(1) : (shares[i] ?? [])
    if (begin.length !== count) throw rejected(`/method/params/shares/${i}`, `${begin.length} for ${count} layers`)
    return {
      ...{ number, student: one.student, taps: one.teacher, teacher, shape: shapes[0] ?? [] },
      beta: state(
        `mix${number}`,
        tf.tidy(() => tf.log(tf.tensor1d(begin))),
        { trainable: true },
      ),
      squares: state(`squares${number}`, tf.zeros([count])),
      measured: state(`measured${number}`, tf.scalar(0)),
    }
  })
}

function rejected(path: string, received: string): TrainingError {
  const expected = 'layers of one shape in each group, a share for each where there are shares, and at least one group'
  return new TrainingError('spec.rejected', `${path}: Expected ${expected}; received ${received}.`)
}

function teacherOf({ teachers }: MethodSetup): Network {
  const network = teachers[0]?.network
  if (network) return network
  throw new TrainingError(
    'spec.rejected',
    'The method dfa runs its teacher on both halves of the samples. Expected a teacher in the format tfjs-layers; received one in another.',
  )
}

/** The teacher's layers of a group, [B, …] each; never differentiated. */
function mapsOf({ ops, infer, teacher }: StepContext, mix: Mix, x: Tensor | null): Tensor[] {
  const outputs = x === null ? teacher(0) : infer(mix.teacher, x)
  return mix.taps.map((tap) => ops.stopGradient(outputs.tap(tap)))
}

function measureStage(mixes: readonly Mix[]): Stage {
  const updates = mixes.map(
    (mix): StateUpdate => ({
      kind: 'state',
      name: `measure${mix.number}`,
      changes: [mix.squares, mix.measured],
      run: (step) => {
        const { tf } = step
        // of the network itself: a stage without losses is fed no outputs
        const now = tf.stack(mapsOf(step, mix, step.batch.x).map((map) => map.square().mean()))
        const count = mix.measured.add(1)
        const next = mix.squares.add(now.sub(mix.squares).div(count))
        mix.squares.assign(next)
        mix.measured.assign(count)
      },
    }),
  )
  return { name: 'measure', share: MEASURE_SHARE, players: [], updates }
}

interface Search extends Mix {
  /** The student that is searched with; not the one that is deployed. */
  readonly searcher: Network
  readonly share: number
}

function searchStage(setup: MethodSetup, search: Search): Stage {
  const { number, student, searcher, shape, share, beta } = search
  const { mixRate, mixDecay } = setup.params as Params
  const own = setup.shapeOf(searcher, student)
  const toTeacher = connector(setup, { role: `connector:${number}:st`, from: own, to: shape })
  const toStudent = connector(setup, { role: `connector:${number}:ts`, from: shape, to: own })
  const bridge = { ...search, toTeacher, toStudent, params: setup.params as Params }
  const networks = [searcher, ...usedConnectors(bridge)]
  const players: Player[] = [
    ...networks.map(({ role, trainable }) => ({ role, variables: trainable })),
    { role: `mix${number}`, variables: [beta], optimizer: { name: 'adam', learningRate: mixRate } },
  ]
  const weights: GradientUpdate = {
    kind: 'gradient',
    name: 'weights',
    trains: networks.map(({ role }) => role),
    loss: (step) => bridgeParts(step, bridge, { x: step.batch.x, labels: step.batch.labels, main: true }),
  }
  const mixing: GradientUpdate = {
    kind: 'gradient',
    name: 'mix',
    trains: [`mix${number}`],
    loss: (step) => {
      const { x, labels } = step.stream(VALIDATION)
      const parts = bridgeParts(step, bridge, { x, labels, main: false })
      return mixDecay === 0 ? parts : { ...parts, decay: beta.square().sum().mul(mixDecay) as Scalar }
    },
  }
  return {
    name: `search${number}`,
    share,
    batch: { part: { index: 0, of: 2 } },
    streams: { [VALIDATION]: { part: { index: 1, of: 2 } } },
    players,
    updates: [weights, mixing, logUpdate(search)],
  }
}

const VALIDATION = 'validation'

function logUpdate({ number, beta, taps }: Mix): StateUpdate {
  return {
    kind: 'state',
    name: 'alpha',
    changes: [],
    run: ({ tf }) => {
      const alpha = tf.unstack(tf.softmax(beta))
      return Object.fromEntries(taps.map((_, j) => [`alpha${number}.${j + 1}`, alpha[j] as Scalar]))
    },
  }
}

interface Bridge extends Search {
  readonly params: Params
  readonly toTeacher: Network
  readonly toStudent: Network
}

/** A path of weight 0 is not run, so its connector has nothing to learn. */
function usedConnectors({ params, toTeacher, toStudent }: Bridge): Network[] {
  return [...(params.bridgeStudent > 0 ? [toTeacher] : []), ...(params.bridgeTask > 0 ? [toStudent] : [])]
}

interface Half {
  readonly x: Tensor
  readonly labels: Tensor
  /** Whether it is the main batch, whose teacher outputs may be kept. */
  readonly main: boolean
}

function bridgeParts(step: StepContext, bridge: Bridge, { x, labels, main }: Half): Record<string, Scalar> {
  const { params, searcher, student, toTeacher, toStudent } = bridge
  const { tf, ops } = step
  const mix = mixedFeature(tf, { maps: mapsOf(step, bridge, main ? null : x), ...bridge })
  const parts: Record<string, Scalar> = {}
  if (params.bridgeStudent > 0) {
    const own = step.train(toTeacher, step.train(searcher, x).tap(student)).logits
    parts['copy'] = featureDistance(own, mix).mul(params.bridgeStudent)
  }
  if (params.bridgeTask > 0) {
    const injected = step.train(toStudent, mix).logits
    const { logits } = step.resume(searcher, { at: student, x: injected, mode: 'train' })
    parts['task'] = ops.crossEntropy(logits, labels).mul(params.bridgeTask)
  }
  return parts
}

export interface MixInput {
  /** T^j, [B, …] of one shape */
  readonly maps: readonly Tensor[]
  /** β, [N] */
  readonly beta: Tensor
  /** Mean square of each map, [N], a constant */
  readonly squares: Tensor
}

/** Where a layer is always zero it stays zero. */
const LEAST_SQUARE = 1e-12

/** A = Σ_j softmax(β)_j T^j / √squares_j, [B, …]; differentiable in β. */
export function mixedFeature(tf: Tf, { maps, beta, squares }: MixInput): Tensor {
  const scale = tf.sqrt(tf.maximum(squares, LEAST_SQUARE))
  const factors = tf.softmax(beta).div(scale)
  const rank = maps[0]?.rank ?? 1
  const stacked = tf.stack([...maps])
  return stacked.mul(factors.reshape([-1, ...Array<number>(rank).fill(1)])).sum(0)
}

/** mean (F(S) − A)² over all elements; both sides have gradients. */
export function featureDistance(student: Tensor, mix: Tensor): Scalar {
  return student.sub(mix).square().mean()
}

function distilStage(setup: MethodSetup, mixes: readonly Mix[], share: number): Stage {
  const { student, params } = setup
  const { featureWeight } = params as Params
  const pairs =
    featureWeight === 0
      ? []
      : mixes.map((mix) => {
          const from = setup.shapeOf(student, mix.student)
          return { mix, connector: connector(setup, { role: `connector:${mix.number}`, from, to: mix.shape }) }
        })
  const players = [student, ...pairs.map((pair) => pair.connector)].map(({ role, trainable }) => ({
    role,
    variables: trainable,
  }))
  const loss = (step: StepContext) => {
    const outputs = step.train(student)
    const features = pairs.map(({ mix, connector: toTeacher }) => {
      const own = step.train(toTeacher, outputs.tap(mix.student)).logits
      const target = step.ops.stopGradient(mixedFeature(step.tf, { maps: mapsOf(step, mix, null), ...mix }))
      return [`group${mix.number}`, featureDistance(own, target).mul(featureWeight) as Scalar] as const
    })
    return { ce: step.ops.crossEntropy(outputs.logits, step.batch.labels), ...Object.fromEntries(features) }
  }
  const update: GradientUpdate = { kind: 'gradient', name: 'student', trains: players.map(({ role }) => role), loss }
  return { name: 'distil', share, schedule: setup.schedule, players, updates: [update] }
}

interface Connector {
  readonly role: string
  readonly from: Shape
  readonly to: Shape
}

function connector({ build }: MethodSetup, { role, from, to }: Connector): Network {
  const adapter = groupConnector(from, to)
  if (adapter.ok && adapter.architecture !== null) return build(role, adapter.architecture)
  const why = adapter.ok ? 'no layer is needed' : `${adapter.message}; received ${adapter.received}`
  throw rejected(`/method/params/groups (${role})`, why)
}

function weightFaults({ bridgeStudent, bridgeTask }: Params): ParamFault[] {
  if (bridgeStudent + bridgeTask > 0) return []
  const message = 'the search has no loss'
  return [{ path: '/bridgeTask', message, expected: 'bridgeTask or bridgeStudent above 0', received: '0' }]
}

/** Where neither the job names groups nor the teacher is known yet, the run looks. */
function shareFaults({ groups: given, shares }: Params, { student, teachers: [teacher] }: MethodJob): ParamFault[] {
  const described = teacher && { layers: layersOfArchitecture(teacher), taps: teacher.taps }
  const groups = described ? layerGroups(given, student, described) : given
  if (groups.length === 0 || shares.length === 0) return []
  if (groups.length !== shares.length) {
    const expected = `${groups.length}, one for each group`
    return [{ path: '/shares', message: 'not one mix for each group', expected, received: String(shares.length) }]
  }
  return groups.flatMap(({ teacher }, i) => {
    const received = shares[i]?.length ?? 0
    if (received === teacher.length) return []
    const expected = `${teacher.length}, one for each layer of the group`
    return [{ path: `/shares/${i}`, message: 'not one share for each layer', expected, received: String(received) }]
  })
}
