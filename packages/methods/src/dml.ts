// Deep mutual learning: untrained networks learn from the labels and from each other's present answers.
import type { GradientUpdate, PlanMethod, StepContext } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import {
  type CoTrained,
  coTrained,
  coTrainingLoss,
  deployFaults,
  deployParameter,
  playerOf,
} from './shared/co-training.ts'

export { type MutualInput, mutualLoss } from './shared/co-training.ts'

const parameters = Type.Object(
  {
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 1,
      description: 'of the answers that are compared; the paper has 1, later comparisons 2 or 3',
    }),
    weight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: "weight of the others' answers; the labels weigh 1. At 0 every network trains by itself",
    }),
    normalise: Type.Enum(['mean', 'sum'], {
      default: 'mean',
      description: 'over the other networks: mean as in the paper, or sum as in its released code',
    }),
    update: Type.Enum(['simultaneous', 'alternating'], {
      default: 'simultaneous',
      description: 'all networks step from one pass, or one after the other with answers drawn anew',
    }),
    deploy: deployParameter,
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * L_k = CE(y, z_k) + weight · 1/(K − 1) · Σ_{l ≠ k} KD_T(z_l → z_k) for each of K networks (Zhang et al. 2018, eq. 4 and
 * 6), all on the same batch; z_l is a constant in L_k. The paper alternates, its released code steps all at once.
 */
export const dml: PlanMethod = {
  name: 'dml',
  title: 'Deep mutual learning',
  summary: 'Student and peers train together from scratch, each fitting the labels and the answers of the others.',
  paper: {
    title: 'Deep Mutual Learning',
    authors: 'Zhang, Xiang, Hospedales, Lu',
    venue: 'CVPR',
    year: 2018,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, peers: { min: 1, max: 16 }, labels: true },
  check: (params, { peers }) => deployFaults((params as Params).deploy, peers.length + 1),
  plan(setup) {
    const params = setup.params as Params
    const networks = coTrained(setup)
    return {
      deploy: networks[params.deploy]?.network ?? setup.student,
      stages: [
        {
          name: 'mutual',
          share: 1,
          players: networks.map(playerOf),
          updates: params.update === 'simultaneous' ? [together(networks, params)] : inTurn(networks, params),
          evaluate: networks.map(({ network }) => network),
        },
      ],
    }
  },
}

/** One update of all: what a network learns from is stopped, so its own loss alone moves it. */
function together(networks: readonly CoTrained[], params: Params): GradientUpdate {
  return {
    kind: 'gradient',
    name: 'mutual',
    trains: networks.map(({ network }) => network.role),
    loss: (step) => {
      const parts = networks.map(({ label }, k) =>
        Object.entries(lossOf(step, k, { networks, params })).map(([part, loss]) => [`${label}.${part}`, loss]),
      )
      return Object.fromEntries(parts.flat())
    },
  }
}

/** An update per network; each begins with passes of its own, so it sees what those before it have become. */
function inTurn(networks: readonly CoTrained[], params: Params): GradientUpdate[] {
  return networks.map(({ label, network }, k) => ({
    kind: 'gradient',
    name: label,
    trains: [network.role],
    loss: (step) => lossOf(step, k, { networks, params }),
  }))
}

interface Together {
  readonly networks: readonly CoTrained[]
  readonly params: Params
}

function lossOf({ ops, batch, train }: StepContext, k: number, { networks, params }: Together) {
  const logits = networks.map(({ network }) => train(network).logits)
  return coTrainingLoss(ops, k, { logits, labels: batch.labels, order: 'all', ...params })
}
