// Branches whose last maps are fused: the branches teach the fused classifier, which teaches the branches.
import {
  type Architecture,
  type MethodSetup,
  type Network,
  type Ops,
  type ParamFault,
  type PlanMethod,
  partOf,
  type Scalar,
  type StateUpdate,
  type StepContext,
  type Tensor,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { showShape } from './shared/adapter.ts'
import { branchesOf, branchFaults, branchNumberFaults, branchParameter } from './shared/branches.ts'
import { lastStage } from './shared/last-stage.ts'
import { meanLogits } from './shared/mean-logits.ts'
import { rampOver, rampParameter } from './shared/ramp-up.ts'
import { tapOf } from './shared/tap-pairs.ts'
import { weightsInCommon } from './shared/weights-in-common.ts'

const parameters = Type.Object(
  {
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'softens the answers that are learnt from',
    }),
    weight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: "of each other's answers once the ramp is over; the labels weigh 1",
    }),
    rampEpochs: rampParameter,
    tap: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'map of every branch that is fused, as in stage3 for branch1.stage3; default: its last stage',
      }),
    ),
    deploy: branchParameter({
      minimum: 0,
      description: 'branch that is exported, or 0 for the fused network. The other of the two is handed out beside it',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L = Σ_k CE(y, z_k) + CE(y, z_f) + weight · ramp · [KD_T(z_e → z_f) + Σ_k KD_T(z_f → z_k)] (Kim et al. 2020, eq. 1–6), with
 * z_e = mean_k z_k and z_f the answer of a fusion module on the branches' last maps F_k [B, H, W, C]: concatenation,
 * depthwise 3×3, batch norm, ReLU, 1×1 to C of branch 1, batch norm, ReLU, global average pooling, dense. Targets are
 * constants; the maps are not, so z_f trains the branches too. The student is of the family `multi-branch`.
 * Trained as `fusion` beside `student` with the job's optimiser; the paper's lower decay of the fusion is a group of it
 * that matches `fused/fusion-*`. The network `fused` is one: fusion on top of layers whose weights follow the student's.
 * Ramp and constants are those of the released code.
 */
export const ffl: PlanMethod = {
  name: 'ffl',
  title: 'Feature fusion learning',
  summary:
    'Branches of one network and a classifier on their fused maps teach each other; a branch or all are deployed.',
  paper: {
    title: 'Feature Fusion for Online Mutual Knowledge Distillation',
    authors: 'Kim, Hyun, Chung, Kwak',
    venue: 'ICPR',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, labels: true },
  check(params, { student }) {
    const missing = branchFaults(student)
    if (missing.length > 0) return missing
    const given = params as Params
    return [...branchNumberFaults(given.deploy, student), ...mapFaults(given, student)]
  },
  plan(setup) {
    const params = setup.params as Params
    const { student } = setup
    const parts = fusedParts(setup)
    const networks = parts.branches.map((branch) => setup.cut(student, `${branch}.logits`))
    const fused = params.deploy === 0
    return {
      deploy: fused ? parts.fused : (networks[params.deploy - 1] as Network),
      also: fused ? { branch1: networks[0] as Network } : { fused: parts.fused },
      stages: [
        {
          name: 'fusion',
          share: 1,
          players: [
            { role: student.role, variables: student.trainable },
            { role: 'fusion', variables: parts.own },
          ],
          updates: [
            {
              kind: 'gradient',
              name: 'fusion',
              trains: [student.role, 'fusion'],
              loss: lossOf(setup, parts),
            },
            parts.follow,
          ],
          evaluate: [...networks, parts.fused],
        },
      ],
    }
  },
}

/** Where each branch is tapped. */
function mapTaps({ tap }: Pick<Params, 'tap'>, { taps }: Pick<Architecture, 'taps'>): string[] {
  return branchesOf({ taps }).map((branch) => {
    const own = Object.entries(taps).flatMap(([name, layer]) =>
      name.startsWith(`${branch}.`) ? [[name.slice(branch.length + 1), layer]] : [],
    )
    return `${branch}.${tap ?? lastStage({ taps: Object.fromEntries(own) })}`
  })
}

/** Taps that are not there, are no maps, or not of one size. */
function mapFaults(params: Params, student: Architecture): ParamFault[] {
  const path = params.tap === undefined ? '' : '/tap'
  const taps = mapTaps(params, student)
  const found = taps.map((tap) => tapOf(student, { tap, whose: 'the student', path }))
  const missing = found.flatMap((one) => (one.ok ? [] : [one.fault]))
  if (missing.length > 0) return missing
  const shapes = found.flatMap((one) => (one.ok ? [one.shape] : []))
  const size = (shape: readonly number[]) => showShape(shape.slice(0, 2))
  if (shapes.every((shape) => shape.length === 3 && size(shape) === size(shapes[0] ?? []))) return []
  const received = taps.map((tap, i) => `${tap} ${showShape(shapes[i] ?? [])}`).join(', ')
  const expected = 'maps [H, W, C] of one height and width at every branch, before they are pooled or flattened'
  return [{ path, message: 'these features cannot be fused', expected, received }]
}

interface FusedParts {
  readonly branches: readonly string[]
  readonly taps: readonly string[]
  readonly fused: Network
  /** Weights of the fusion module. */
  readonly own: Network['trainable']
  /** The other weights of the fused network become the student's. */
  readonly follow: StateUpdate
}

function fusedParts({ params, student, studentArchitecture, signature, shapeOf, build }: MethodSetup): FusedParts {
  const taps = mapTaps(params as Params, studentArchitecture)
  const channels = taps.map((tap) => shapeOf(student, tap).at(-1) ?? 0)
  const fused = build(
    'fused',
    fusedNetwork(studentArchitecture, { taps, channels: channels[0] ?? 0, classes: signature.classes }),
  )
  const followed = weightsInCommon(student, fused)
  const theirs = new Set(followed.map(({ to }) => to))
  return {
    branches: branchesOf(studentArchitecture),
    taps,
    fused,
    own: fused.trainable.filter((variable) => !theirs.has(variable)),
    follow: {
      kind: 'state',
      name: 'follow',
      changes: [...theirs],
      run: ({ tf }) => {
        for (const { from, to } of followed) to.assign(tf.clone(from))
      },
    },
  }
}

export interface FusedNetworkInput {
  /** Of the maps, one per branch. */
  readonly taps: readonly string[]
  /** Of the fused map. */
  readonly channels: number
  readonly classes: number
}

/** The layers of `network` up to the maps, and the fusion module: layers `fusion-…`, its input at `fusion-maps`. */
export function fusedNetwork(network: Architecture, { taps, channels, classes }: FusedNetworkInput): Architecture {
  const conv = { kernel: 3, stride: 1, padding: 'same', bias: false, init: 'he' } as const
  const norm = { type: 'batchNorm', momentum: 0.9, epsilon: 1e-5 } as const
  const relu = { type: 'activation', activation: 'relu' } as const
  const layers: Architecture['layers'] = [
    { type: 'concat', name: 'fusion-maps', inputs: taps.map((tap) => network.taps[tap] ?? tap) },
    { ...conv, type: 'depthwiseConv2d', name: 'fusion-depthwise', inputs: ['fusion-maps'] },
    { ...norm, name: 'fusion-norm1', inputs: ['fusion-depthwise'] },
    { ...relu, name: 'fusion-relu1', inputs: ['fusion-norm1'] },
    { ...conv, type: 'conv2d', name: 'fusion-pointwise', inputs: ['fusion-relu1'], filters: channels, kernel: 1 },
    { ...norm, name: 'fusion-norm2', inputs: ['fusion-pointwise'] },
    { ...relu, name: 'fusion-relu2', inputs: ['fusion-norm2'] },
    { type: 'globalAvgPool', name: 'fusion-pool', inputs: ['fusion-relu2'] },
    { type: 'dense', name: 'fusion-logits', inputs: ['fusion-pool'], units: classes, bias: true, init: 'glorot' },
  ]
  const whole = {
    ...network,
    layers: [...network.layers, ...layers],
    taps: { ...network.taps, penultimate: 'fusion-pool', logits: 'fusion-logits' },
  }
  return partOf(whole, 'fusion-logits')
}

function lossOf({ params, student, ...setup }: MethodSetup, { branches, taps, fused }: FusedParts) {
  const { temperature, rampEpochs, weight } = params as Params
  const over = rampOver(rampEpochs, setup)
  return ({ tf, ops, batch, epoch, train, resume }: StepContext) => {
    const pass = train(student)
    const logits = branches.map((branch) => pass.tap(`${branch}.logits`))
    const maps = tf.concat(
      taps.map((tap) => pass.tap(tap)),
      3,
    )
    return fflLoss(ops, {
      logits,
      ensemble: meanLogits(tf, logits),
      fused: resume(fused, { at: 'fusion-maps', x: maps, mode: 'train' }).logits,
      labels: batch.labels,
      temperature,
      weight: ops.ramp(epoch, over).mul(weight) as Scalar,
    })
  }
}

export interface FflLossInput {
  /** z_k of each branch, [B, K] */
  readonly logits: readonly Tensor[]
  /** z_e [B, K] */
  readonly ensemble: Tensor
  /** z_f [B, K] */
  readonly fused: Tensor
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
  readonly temperature: number
  /** Of what they teach each other, the ramp included. */
  readonly weight: Scalar | number
}

/** The parts `branch1.ce` …, `fused.ce`, `fused.kd` (z_e → z_f) and `branch1.kd` … (z_f → z_k). */
export function fflLoss(
  ops: Pick<Ops, 'crossEntropy' | 'distillation'>,
  { logits, ensemble, fused, labels, temperature, weight }: FflLossInput,
): Readonly<Record<string, Scalar>> {
  const taught = (z: Tensor, by: Tensor) => ops.distillation(z, by, temperature).mul(weight) as Scalar
  const parts = logits.flatMap((z, k) => [
    [`branch${k + 1}.ce`, ops.crossEntropy(z, labels)],
    [`branch${k + 1}.kd`, taught(z, fused)],
  ])
  return {
    ...Object.fromEntries(parts),
    'fused.ce': ops.crossEntropy(fused, labels),
    'fused.kd': taught(fused, ensemble),
  }
}
