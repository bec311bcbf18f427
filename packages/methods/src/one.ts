// Branches on one trunk learn from an ensemble of themselves, which a gate mixes anew for every sample.
import type {
  Architecture,
  MethodSetup,
  Network,
  Ops,
  PlanMethod,
  Scalar,
  StepContext,
  Tensor,
  Tf,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { branchesOf, branchFaults, branchNumberFaults, branchParameter } from './shared/branches.ts'
import { meanLogits } from './shared/mean-logits.ts'
import { rampOver, rampParameter } from './shared/ramp-up.ts'

const parameters = Type.Object(
  {
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'softens the answers of the ensemble and of the branches that learn from it',
    }),
    weight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: "of the ensemble's answers once the ramp is over; the labels weigh 1",
    }),
    rampEpochs: rampParameter,
    gate: Type.Enum(['learnt', 'mean'], {
      default: 'learnt',
      description: 'shares of the branches in the ensemble: from a gate on the trunk, or all the same',
    }),
    deploy: branchParameter({ description: 'branch that is exported. All are evaluated, and so is the ensemble' }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L = Σ_i CE(y, z_i) + CE(y, z_e) + weight · ramp · Σ_i KD_T(z_e → z_i) with z_e = Σ_i g_i z_i (Lan et al. 2018, eq. 4–8).
 * The gate g [B, M] is a softmax over the branches of global average pooling, dense layer, batch norm and ReLU on the
 * trunk; z_e is a constant of the last sum, so the gate learns from the labels alone. Branches, M of them, and trunk are
 * those of a student of the family `multi-branch`; the gate is thrown away. The trunk's gradient grows with M.
 * The weights of the gate are `gate/…` for groups of the optimiser.
 */
export const one: PlanMethod = {
  name: 'one',
  title: 'On-the-fly native ensemble',
  summary: 'Branches of one network learn the labels and the answers of their own gated ensemble; one is deployed.',
  paper: {
    title: 'Knowledge Distillation by On-the-Fly Native Ensemble',
    authors: 'Lan, Zhu, Gong',
    venue: 'NeurIPS',
    year: 2018,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, labels: true },
  check(params, { student }) {
    const missing = branchFaults(student)
    return missing.length > 0 ? missing : branchNumberFaults((params as Params).deploy, student)
  },
  plan(setup) {
    const params = setup.params as Params
    const { student } = setup
    const branches = branchesOf(setup.studentArchitecture)
    const networks = branches.map((branch) => setup.cut(student, `${branch}.logits`))
    const gate = params.gate === 'learnt' ? buildGate(setup, branches.length) : null
    const ensemble = ensembleNetwork(setup.tf, {
      role: 'ensemble',
      network: student,
      members: branches.map((branch) => `${branch}.logits`),
      gate: gate && { network: gate, on: 'trunk' },
    })
    const players = [student, ...(gate === null ? [] : [gate])].map(({ role, trainable }) => ({
      role,
      variables: trainable,
    }))
    return {
      deploy: networks[params.deploy - 1] as Network,
      stages: [
        {
          name: 'ensemble',
          share: 1,
          players,
          updates: [
            {
              kind: 'gradient',
              name: 'ensemble',
              trains: players.map(({ role }) => role),
              loss: lossOf(setup, { branches, gate }),
            },
          ],
          evaluate: [...networks, ensemble],
        },
      ],
    }
  },
}

interface Ensemble {
  readonly branches: readonly string[]
  /** Null for the plain mean. */
  readonly gate: Network | null
}

function lossOf({ params, student, ...setup }: MethodSetup, { branches, gate }: Ensemble) {
  const { temperature, rampEpochs, ...given } = params as Params
  const over = rampOver(rampEpochs, setup)
  return ({ tf, ops, batch, epoch, train }: StepContext) => {
    const pass = train(student)
    const logits = branches.map((branch) => pass.tap(`${branch}.logits`))
    const ensemble =
      gate === null
        ? meanLogits(tf, logits)
        : gatedEnsemble(tf, { logits, gates: tf.softmax(train(gate, pass.tap('trunk')).logits) })
    const weight = ops.ramp(epoch, over).mul(given.weight) as Scalar
    return oneLoss(ops, { logits, ensemble, labels: batch.labels, temperature, weight })
  }
}

function buildGate({ student, shapeOf, build }: MethodSetup, branches: number): Network {
  return build('gate', gateOn(shapeOf(student, 'trunk'), branches))
}

/** What the softmax is taken of, [B, M]. @param shape of the trunk, [H, W, C] or [C] */
function gateOn(shape: readonly number[], branches: number): Architecture {
  const from = shape.length === 3 ? 'pool' : 'input'
  return {
    inputShape: shape,
    layers: [
      ...(shape.length === 3 ? [{ type: 'globalAvgPool', name: 'pool', inputs: ['input'] } as const] : []),
      { type: 'dense', name: 'mix', inputs: [from], units: branches, bias: true, init: 'glorot' },
      { type: 'batchNorm', name: 'norm', inputs: ['mix'], momentum: 0.9, epsilon: 1e-5 },
      { type: 'activation', name: 'share', inputs: ['norm'], activation: 'relu' },
    ],
    output: 'share',
    taps: {},
  }
}

export interface EnsembleNetworkInput {
  readonly role: string
  /** With the branches; shares its layers. */
  readonly network: Network
  /** Taps of the members' logits, each [B, K]. */
  readonly members: readonly string[]
  /**
   * A chain of layers from the tap `on` of the network to [B, M], of which the softmax is taken; shares its layers.
   * Null: all members weigh the same.
   */
  readonly gate: { readonly network: Network; readonly on: string } | null
}

type Symbolic = ReturnType<Tf['input']>

/**
 * z_e = Σ_i g_i z_i as a network of stock layers on those of the branches, to be evaluated like any other. It has no
 * variables of its own, and nothing to dispose of.
 */
export function ensembleNetwork(tf: Tf, { role, network, members, gate }: EnsembleNetworkInput): Network {
  const output = (tap: string) => network.model.getLayer(network.taps[tap] ?? tap).output as Symbolic
  const logits = members.map(output)
  const name = `${role}-logits`
  const mixed =
    gate === null
      ? tf.layers.average({ name }).apply(logits)
      : weighted(tf, { name, logits, shares: chained(gate.network, output(gate.on)) })
  return {
    role,
    model: tf.model({ inputs: network.model.inputs, outputs: mixed as Symbolic, name: role }),
    taps: { logits: name },
    trainable: [],
    variables: [...network.variables, ...(gate?.network.variables ?? [])],
    frozen: false,
  }
}

/** The same layers on another input. */
function chained({ model }: Network, from: Symbolic): Symbolic {
  return model.layers.slice(1).reduce((value, layer) => layer.apply(value) as Symbolic, from)
}

interface Weighted {
  readonly name: string
  /** [B, K] each */
  readonly logits: readonly Symbolic[]
  /** [B, M] */
  readonly shares: Symbolic
}

function weighted(tf: Tf, { name, logits, shares }: Weighted): Symbolic {
  const classes = Number(logits[0]?.shape[1])
  const side = tf.layers.concatenate({ name: `${name}-side` }).apply([...logits])
  const rows = tf.layers.reshape({ name: `${name}-rows`, targetShape: [logits.length, classes] }).apply(side)
  const gates = tf.layers.softmax({ name: `${name}-shares` }).apply(shares)
  return tf.layers.dot({ name, axes: [1, 1] }).apply([gates as Symbolic, rows as Symbolic]) as Symbolic
}

export interface GatedEnsembleInput {
  /** Per branch [B, K] */
  readonly logits: readonly Tensor[]
  /** [B, M], rows sum to 1 */
  readonly gates: Tensor
}

/** z_e = Σ_i g_i z_i, [B, K]. */
export function gatedEnsemble(tf: Tf, { logits, gates }: GatedEnsembleInput): Tensor {
  const shares = tf.split(gates, logits.length, 1)
  return tf.addN(logits.map((z, i) => z.mul(shares[i] as Tensor)))
}

export interface OneLossInput {
  /** Per branch [B, K] */
  readonly logits: readonly Tensor[]
  /** z_e [B, K] */
  readonly ensemble: Tensor
  /** [B] int32, or probabilities [B, K] */
  readonly labels: Tensor
  readonly temperature: number
  /** Of the distillation, the ramp included. */
  readonly weight: Scalar | number
}

/** The parts `branch1.ce` …, `ensemble.ce` and `branch1.kd` …; the last have no gradient in z_e. */
export function oneLoss(
  ops: Pick<Ops, 'crossEntropy' | 'distillation'>,
  { logits, ensemble, labels, temperature, weight }: OneLossInput,
): Readonly<Record<string, Scalar>> {
  const parts = logits.flatMap((z, i) => [
    [`branch${i + 1}.ce`, ops.crossEntropy(z, labels)],
    [`branch${i + 1}.kd`, ops.distillation(z, ensemble, temperature).mul(weight) as Scalar],
  ])
  return { ...Object.fromEntries(parts), 'ensemble.ce': ops.crossEntropy(ensemble, labels) }
}
