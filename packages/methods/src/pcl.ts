// Peers on one trunk, each with its own view of a sample, learn from an ensemble on their features and from steadier
// selves of the others.
import type {
  Architecture,
  LayerSpec,
  MethodSetup,
  Network,
  Ops,
  ParamFault,
  PlanMethod,
  Scalar,
  StateUpdate,
  StepContext,
  Tensor,
  Tf,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { showShape } from './shared/adapter.ts'
import { branchesOf, branchFaults, branchNumberFaults, branchParameter } from './shared/branches.ts'
import { mutualLoss } from './shared/co-training.ts'
import { rampOver, rampParameter } from './shared/ramp-up.ts'
import { tapOf } from './shared/tap-pairs.ts'
import { type SameWeight, weightsInCommon } from './shared/weights-in-common.ts'

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
      description: 'of both distillations once the ramp is over; the labels weigh 1',
    }),
    rampEpochs: rampParameter,
    decayMax: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.999,
      description: 'of the moving averages; step g keeps min(1 − 1/g, decayMax). A short training wants less',
    }),
    deploy: branchParameter({
      minimum: 0,
      description: 'averaged peer that is exported, or 0 for the averaged ensemble of all',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L = CE(y, z_t) + Σ_j [CE(y, z_j) + weight · ramp · (KD_T(z_t → z_j) + 1/(m − 1) · Σ_{l ≠ j} KD_T(z'_l → z_j))] (Wu & Gong 2021,
 * eq. 2–9). Peer j of m is a branch of a student of the family `multi-branch` on view j of the batch; the ensemble
 * z_t = Dense([f_1; …; f_m]) has the peers' `penultimate` features. z' are answers, in inference mode, of the mean network:
 * moving averages of every weight and batch statistic, θ'_g = φ θ'_{g−1} + (1 − φ) θ_g with φ = min(1 − 1/g, decayMax).
 * Targets are constants. Deployed is a peer of the mean network; averaging the statistics is our reading of the paper.
 * Without `train.augment` all views are the same.
 */
export const pcl: PlanMethod = {
  name: 'pcl',
  title: 'Peer collaborative learning',
  summary:
    'Branches with a view of the sample each learn from an ensemble of their features and from moving averages of the others.',
  paper: {
    title: 'Peer Collaborative Learning for Online Knowledge Distillation',
    authors: 'Wu, Gong',
    venue: 'AAAI',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, labels: true },
  check(params, { student }) {
    const missing = branchFaults(student)
    if (missing.length > 0) return missing
    return [...branchNumberFaults((params as Params).deploy, student), ...featureFaults(student)]
  },
  plan(setup) {
    const params = setup.params as Params
    const { student, cut } = setup
    const group = peersOf(setup)
    const ensemble = cut(group.mean, ENSEMBLE)
    const averaged = group.peers.map(({ mean }) => mean)
    const deploy = params.deploy === 0 ? ensemble : (averaged[params.deploy - 1] as Network)
    const also = params.deploy === 0 ? { meanPeer1: averaged[0] as Network } : { ensemble }
    return {
      deploy,
      also,
      stages: [
        {
          name: 'peers',
          share: 1,
          players: [student, group.head].map(({ role, trainable }) => ({ role, variables: trainable })),
          batch: { views: group.peers.length },
          updates: [
            {
              kind: 'gradient',
              name: 'peers',
              trains: [student.role, group.head.role],
              loss: lossOf(setup, group),
            },
            averageUpdate(group.weights, params.decayMax),
          ],
          evaluate: [deploy, ...Object.values(also), ...group.peers.map(({ network }) => network)],
          begin: () => {
            for (const { from, to } of group.weights) setup.tf.tidy(() => to.assign(from.clone()))
          },
        },
      ],
    }
  },
}

const ENSEMBLE = 'ensemble-logits'

/** The ensemble concatenates vectors. */
function featureFaults(student: Architecture): ParamFault[] {
  return branchesOf(student).flatMap((branch) => {
    const found = tapOf(student, { tap: `${branch}.penultimate`, whose: 'the student', path: '' })
    if (!found.ok) return [found.fault]
    if (found.shape.length === 1) return []
    const [message, expected] = ['the feature of a branch is no vector', 'branches that end in a vector [C]']
    return [{ path: '', message, expected, received: `${branch}.penultimate ${showShape(found.shape)}` }]
  })
}

interface Peer {
  readonly branch: string
  /** Trunk and branch of the student: passes of its own, so that its statistics move with its own view (the trunk's: the last). */
  readonly network: Network
  /** The same of the mean network. */
  readonly mean: Network
}

interface PeerGroup {
  readonly peers: readonly Peer[]
  /** Dense layer on the concatenated features. */
  readonly head: Network
  readonly mean: Network
  readonly weights: readonly SameWeight[]
}

function peersOf({ student, studentArchitecture, signature, build, cut, shapeOf }: MethodSetup): PeerGroup {
  const branches = branchesOf(studentArchitecture)
  const width = branches
    .map((branch) => shapeOf(student, `${branch}.penultimate`)[0] ?? 0)
    .reduce((sum, size) => sum + size, 0)
  const dense = (from: string): LayerSpec => ({
    ...{ type: 'dense', name: ENSEMBLE, inputs: [from], units: signature.classes, bias: true, init: 'glorot' },
  })
  const head = build('ensemble', { inputShape: [width], layers: [dense('input')], output: ENSEMBLE, taps: {} })
  const features = 'ensemble-features'
  const layerOf = (tap: string) => studentArchitecture.taps[tap] ?? tap
  const mean = build('mean', {
    ...studentArchitecture,
    layers: [
      ...studentArchitecture.layers,
      { type: 'concat', name: features, inputs: branches.map((branch) => layerOf(`${branch}.penultimate`)) },
      dense(features),
    ],
    output: ENSEMBLE,
  })
  return {
    head,
    mean,
    weights: [...weightsInCommon(student, mean), ...weightsInCommon(head, mean)],
    peers: branches.map((branch) => ({
      branch,
      network: cut(student, `${branch}.logits`),
      mean: cut(mean, `${branch}.logits`),
    })),
  }
}

function lossOf({ params, ...setup }: MethodSetup, { peers, head }: PeerGroup) {
  const { temperature, rampEpochs, weight } = params as Params
  const over = rampOver(rampEpochs, setup)
  return ({ tf, ops, batch, epoch, train, infer }: StepContext) => {
    const passes = peers.map(({ network }, j) => train(network, batch.views[j]))
    const features = peers.map(({ branch }, j) => passes[j]?.tap(`${branch}.penultimate`) as Tensor)
    return pclLoss(ops, {
      logits: passes.map(({ logits }) => logits),
      ensemble: train(head, tf.concat(features, 1)).logits,
      means: peers.map(({ mean }, j) => infer(mean, batch.views[j]).logits),
      labels: batch.labels,
      temperature,
      weight: ops.ramp(epoch, over).mul(weight) as Scalar,
    })
  }
}

export interface PclLossInput {
  /** z_j of each peer, [B, K] */
  readonly logits: readonly Tensor[]
  /** z_t [B, K] */
  readonly ensemble: Tensor
  /** z'_j of each averaged peer, [B, K] */
  readonly means: readonly Tensor[]
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
  readonly temperature: number
  /** Of both distillations, the ramp included. */
  readonly weight: Scalar | number
}

/** The parts `ensemble.ce`, and of each peer `branch1.ce`, `branch1.ensemble` (z_t → z_j) and `branch1.means` (z'_l → z_j, l ≠ j). */
export function pclLoss(
  ops: Pick<Ops, 'crossEntropy' | 'distillation'>,
  { logits, ensemble, means, labels, temperature, weight }: PclLossInput,
): Readonly<Record<string, Scalar>> {
  const parts = logits.flatMap((z, j) => {
    const teachers = means.filter((_, l) => l !== j)
    const peers = mutualLoss(ops, { student: z, teachers, temperature, normalise: 'mean' })
    return [
      [`branch${j + 1}.ce`, ops.crossEntropy(z, labels)],
      [`branch${j + 1}.ensemble`, ops.distillation(z, ensemble, temperature).mul(weight) as Scalar],
      [`branch${j + 1}.means`, peers.mul(weight) as Scalar],
    ]
  })
  return { 'ensemble.ce': ops.crossEntropy(ensemble, labels), ...Object.fromEntries(parts) }
}

function averageUpdate(weights: readonly SameWeight[], decayMax: number): StateUpdate {
  return {
    kind: 'state',
    name: 'average',
    changes: weights.map(({ to }) => to),
    run: ({ tf, step }) => {
      const decay = meanDecay(tf, step, decayMax)
      for (const { from, to } of weights) to.assign(movedMean(to, from, decay))
    },
  }
}

/** φ = min(1 − 1/g, decayMax) at step g = step + 1: up to 1 / (1 − decayMax) steps the average is the plain mean of all. */
export function meanDecay(tf: Tf, step: Scalar, decayMax: number): Scalar {
  const left = tf.div(1, tf.add(tf.cast(step, 'float32'), 1))
  return tf.minimum(tf.sub(1, left), decayMax) as Scalar
}

/** φ · mean + (1 − φ) · value. */
export function movedMean(mean: Tensor, value: Tensor, decay: Scalar): Tensor {
  return value.add(mean.sub(value).mul(decay))
}
