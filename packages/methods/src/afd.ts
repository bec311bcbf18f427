// Online adversarial distillation: networks that train together exchange answers, and fool discriminators that tell their
// last feature maps from those of the network before them in a ring.
import type {
  Architecture,
  GradientUpdate,
  MethodSetup,
  Network,
  Ops,
  ParamFault,
  PlanMethod,
  Player,
  Scalar,
  StepContext,
  Tensor,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type Adapter, adapterBetween, type Shape } from './shared/adapter.ts'
import {
  type CoTrained,
  coTrained,
  coTrainingLoss,
  deployFaults,
  deployParameter,
  playerOf,
  teachersOf,
} from './shared/co-training.ts'
import { discriminator } from './shared/discriminator.ts'
import { lastStage } from './shared/last-stage.ts'
import { pairFaults, tapOf } from './shared/tap-pairs.ts'

const rate = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 2e-5, description })

const parameters = Type.Object(
  {
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'of the answers that are compared',
    }),
    weight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: "weight of the other network's answers; the labels weigh 1",
    }),
    order: Type.Enum(['ring', 'all'], {
      default: 'ring',
      description:
        'whose answers a network learns: those of the one before it, or of all others. Maps go round the ring',
    }),
    adversarialWeight: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'weight of what maps learn; at 0 there is no such part, and networks only exchange answers',
    }),
    alignment: Type.Enum(['adversarial', 'l1'], {
      default: 'adversarial',
      description:
        "how maps are learnt: by fooling a discriminator, or, as the paper's control, by their absolute differences",
    }),
    taps: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 17,
      default: [],
      description: 'feature of each network, student first; one name is for all, none means the last stage',
    }),
    discriminator: Type.Array(Type.Integer({ minimum: 1, maximum: 1024 }), {
      minItems: 1,
      maxItems: 4,
      default: [32, 64],
      description: 'filters of the convolutions of each discriminator, every one of stride 2',
    }),
    discriminatorSteps: Type.Integer({
      minimum: 1,
      maximum: 8,
      default: 1,
      description: 'steps of the discriminators for each step of the feature extractors',
    }),
    discriminatorRate: rate('learning rate of the discriminators (Adam); follows the schedule of the job'),
    extractorRate: rate('learning rate of the adversarial steps of the networks (Adam, a state of its own)'),
    deploy: deployParameter,
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Chung et al. 2020, three kinds of update in each step, with network k taught by the one before it, j = k − 1:
 * logits: CE(y, z_k) + KD_T(z_j → z_k) for every k at once. Discriminators: (1 − D_k(T_j G_j))² + D_k(T_k G_k)², maps
 * constant. Extractors: (1 − D_k(T_k G_k))² by the layers up to the map and T_k, D_k constant. Means over the batch.
 * T_k brings maps to one shape, the smallest size and the most channels of all; it is nothing where the shape fits already.
 * Discriminator layout, T = 3, Adam at 2e-5 and the ring for the answers too are our reading of the paper.
 * Batch-norm statistics of the networks move in the first update only.
 * The control `l1` has the first update alone, with |T_k G_k − T_j G_j| added, a mean in which T_j G_j is constant.
 */
export const afd: PlanMethod = {
  name: 'afd',
  title: 'Adversarial online distillation of feature maps',
  summary:
    'Student and peers train together, each learning the answers and, against a discriminator, the feature maps of the one before it.',
  paper: {
    title: 'Feature-map-level Online Adversarial Knowledge Distillation',
    authors: 'Chung, Park, Kim, Kwak',
    venue: 'ICML',
    year: 2020,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 0, max: 0 }, peers: { min: 1, max: 16 }, labels: true },
  check(params, { student, peers }) {
    const given = params as Params
    const faults = deployFaults(given.deploy, peers.length + 1)
    return given.adversarialWeight === 0 ? faults : [...faults, ...featureFaults(given, [student, ...peers])]
  },
  plan(setup) {
    const params = setup.params as Params
    const networks = coTrained(setup)
    const mapped = params.adversarialWeight === 0 ? [] : mappedOf(setup, networks)
    const aligned = params.alignment === 'l1' ? mapped : []
    const adversaries = params.alignment === 'l1' ? [] : mapped.map((one) => adversaryOf(setup, one))
    const transfers = aligned.flatMap(({ transfer }) => transfer ?? [])
    return {
      deploy: networks[params.deploy]?.network ?? setup.student,
      stages: [
        {
          name: 'adversarial',
          share: 1,
          players: [
            ...networks.map(playerOf),
            ...transfers.map(({ role, trainable }) => ({ role, variables: trainable })),
            ...adversaries.flatMap(({ players }) => players),
          ],
          updates: [logitUpdate(networks, aligned, params), ...adversarialUpdates(adversaries, params)],
          evaluate: networks.map(({ network }) => network),
        },
      ],
    }
  },
}

/** The tap of network k. */
function tapName({ taps }: Params, k: number, architecture: Architecture): string {
  return (taps.length === 1 ? taps[0] : taps[k]) ?? lastStage(architecture)
}

/** The shape in which features are compared: the smallest maps, or vectors where one is a vector, with most channels. */
function commonShape(shapes: readonly Shape[]): Shape {
  const sides = Math.min(...shapes.map(({ length }) => length)) - 1
  const smallest = Array.from({ length: sides }, (_, axis) => Math.min(...shapes.map((shape) => shape[axis] ?? 0)))
  return [...smallest, Math.max(...shapes.map((shape) => shape.at(-1) ?? 0))]
}

const transferTo = (from: Shape, to: Shape): Adapter => adapterBetween({ from, to, projection: 'needed' })

function featureFaults(params: Params, architectures: readonly Architecture[]): ParamFault[] {
  const { taps } = params
  if (taps.length > 1 && taps.length !== architectures.length) {
    const expected = `none, one for all, or ${architectures.length}: the student's, then the peers'`
    return [{ path: '/taps', message: 'not a tap for each network', expected, received: String(taps.length) }]
  }
  const found = architectures.map((architecture, k) => {
    const [whose, path] = [k === 0 ? 'the student' : `peer ${k - 1}`, taps.length > 1 ? `/taps/${k}` : '/taps']
    return tapOf(architecture, { tap: tapName(params, k, architecture), whose, path })
  })
  const missing = found.flatMap((one) => (one.ok ? [] : [one.fault]))
  if (missing.length > 0) return missing
  const shapes = found.flatMap((one) => (one.ok ? [one.shape] : []))
  return shapes.flatMap((shape) => pairFaults(transferTo(shape, commonShape(shapes)), '/taps'))
}

/** A network with the feature that it shows the others. */
interface Mapped extends CoTrained {
  readonly tap: string
  /** In the common shape. */
  readonly shape: Shape
  /** T_k; null where there is none. */
  readonly transfer: Network | null
  /** T_k G_k(x), [B, …common shape] */
  map(step: StepContext): Tensor
}

function mappedOf(setup: MethodSetup, networks: readonly CoTrained[]): Mapped[] {
  const taps = networks.map(({ architecture }, k) => tapName(setup.params as Params, k, architecture))
  const shapes = networks.map(({ network }, k) => setup.shapeOf(network, taps[k] ?? ''))
  const shape = commonShape(shapes)
  return networks.map((one, k) => {
    const tap = taps[k] ?? ''
    const transfer = transferOf(setup, { role: one.network.role, from: shapes[k] ?? [], to: shape })
    const map = (step: StepContext) => {
      const feature = step.train(one.network).tap(tap)
      return transfer === null ? feature : step.train(transfer, feature).logits
    }
    return { ...one, tap, shape, transfer, map }
  })
}

/** What a network has for the adversarial part: D_k, and the players that step with optimisers of their own. */
interface Adversary extends Mapped {
  readonly judge: Network
  readonly players: readonly Player[]
}

function adversaryOf({ params, build, cut }: MethodSetup, one: Mapped): Adversary {
  const given = params as Params
  const { network, tap, shape, transfer } = one
  const judge = build(`discriminator:${network.role}`, discriminator(shape, given.discriminator))
  const extractor = [...cut(network, tap).trainable, ...(transfer?.trainable ?? [])]
  return {
    ...one,
    judge,
    players: [
      { role: judge.role, variables: judge.trainable, optimizer: adam(given.discriminatorRate) },
      { role: `adversarial:${network.role}`, variables: extractor, optimizer: adam(given.extractorRate) },
    ],
  }
}

const adam = (learningRate: number) => ({ name: 'adam', learningRate }) as const

interface Transfer {
  readonly role: string
  readonly from: Shape
  readonly to: Shape
}

function transferOf({ build }: MethodSetup, { role, from, to }: Transfer): Network | null {
  const adapter = transferTo(from, to)
  if (!adapter.ok)
    throw new Error(`${role}: ${adapter.message}. Expected ${adapter.expected}; received ${adapter.received}.`)
  return adapter.architecture === null ? null : build(`transfer:${role}`, adapter.architecture)
}

/** @param aligned whose maps learn in this update too */
function logitUpdate(networks: readonly CoTrained[], aligned: readonly Mapped[], params: Params): GradientUpdate {
  const { order, temperature, weight, adversarialWeight } = params
  const transfers = aligned.flatMap(({ transfer }) => transfer ?? [])
  return {
    kind: 'gradient',
    name: 'logits',
    trains: [...networks.map(({ network }) => network), ...transfers].map(({ role }) => role),
    loss: (step) => {
      const { ops, batch, train } = step
      const logits = networks.map(({ network }) => train(network).logits)
      const given = { logits, labels: batch.labels, order, temperature, weight, normalise: 'mean' } as const
      const parts = networks.map(({ label }, k) =>
        Object.entries(coTrainingLoss(ops, k, given)).map(([part, loss]) => [`${label}.${part}`, loss]),
      )
      const maps = ringPairs(aligned.map(({ map }) => map(step))).map((pair, k) => [
        `${aligned[k]?.label}.l1`,
        mapDifference(ops, pair).mul(adversarialWeight) as Scalar,
      ])
      return Object.fromEntries([...parts.flat(), ...maps])
    },
  }
}

function adversarialUpdates(adversaries: readonly Adversary[], params: Params): GradientUpdate[] {
  if (adversaries.length === 0) return []
  const judging = Array.from({ length: params.discriminatorSteps }, (_, i) =>
    discriminatorUpdate(adversaries, i === 0 ? 'discriminator' : `discriminator${i + 1}`),
  )
  return [...judging, extractorUpdate(adversaries, params.adversarialWeight)]
}

function discriminatorUpdate(adversaries: readonly Adversary[], name: string): GradientUpdate {
  return {
    kind: 'gradient',
    name,
    trains: adversaries.map(({ judge }) => judge.role),
    loss: (step) => {
      const maps = adversaries.map(({ map }) => step.ops.stopGradient(map(step)))
      const losses = ringPairs(maps).map(({ real, fake }, k) => {
        const { label, judge } = adversaries[k] as Adversary
        const [ofReal, ofFake] = [real, fake].map((map) => step.train(judge, map).logits) as [Tensor, Tensor]
        return [label, discriminatorLoss({ real: ofReal, fake: ofFake })] as const
      })
      return Object.fromEntries(losses)
    },
  }
}

function extractorUpdate(adversaries: readonly Adversary[], weight: number): GradientUpdate {
  return {
    kind: 'gradient',
    name: 'extractor',
    trains: adversaries.map(({ network }) => `adversarial:${network.role}`),
    loss: (step) =>
      Object.fromEntries(
        adversaries.map(({ label, judge, map }) => {
          const fake = step.train(judge, map(step)).logits
          return [label, extractorLoss(fake).mul(weight) as Scalar]
        }),
      ),
  }
}

/** What each discriminator is shown: as real the map of the network before its own in the ring, as fake its own's. */
export function ringPairs<T>(maps: readonly T[]): { readonly real: T; readonly fake: T }[] {
  return maps.map((fake, k) => ({ real: maps[teachersOf(k, maps.length, 'ring')[0] ?? k] as T, fake }))
}

export interface Judged {
  /** D of the map that is to be learnt, [B, 1] */
  readonly real: Tensor
  /** D of the learner's own map, [B, 1] */
  readonly fake: Tensor
}

/** mean_B (1 − D(real))² + mean_B D(fake)²: ½ where D cannot tell, 0 where it always can. */
export function discriminatorLoss({ real, fake }: Judged): Scalar {
  return real.sub(1).square().mean().add(fake.square().mean())
}

/** mean_B (1 − D(fake))²: ¼ where D cannot tell, 1 where it always can. */
export function extractorLoss(fake: Tensor): Scalar {
  return fake.sub(1).square().mean()
}

/** mean |fake − real|, of which `real` is a constant. */
export function mapDifference({ stopGradient }: Pick<Ops, 'stopGradient'>, { real, fake }: Judged): Scalar {
  return fake.sub(stopGradient(real)).abs().mean()
}
