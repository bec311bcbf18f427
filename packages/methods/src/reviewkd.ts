// Knowledge review: deeper features of the student help to imitate shallower ones of the teacher, through a path from the
// deepest feature to the shallowest that is fused by attention.
import type {
  Architecture,
  LayerSpec,
  MethodJob,
  MethodSetup,
  Network,
  Outputs,
  ParamFault,
  Player,
  Scalar,
  StepContext,
  Tensor,
  TermMethod,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import type { Adapter, Shape } from './shared/adapter.ts'
import { adaptivePool } from './shared/adaptive-pool.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { linearAnneal } from './shared/linear-anneal.ts'
import type { Maths } from './shared/maths.ts'
import { resizeNearest } from './shared/resize-nearest.ts'
import { type TapPair, tapOf, tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(
      ['stage1.pre', 'stage2.pre', 'penultimate'],
      'levels from the shallowest to the deepest: maps, before their ReLU in the paper, and vectors as maps of one place',
    ),
    weight: featureWeight(5, 'of the levels; the labels weigh 1'),
    warmupEpochs: Type.Number({
      minimum: 0,
      maximum: 100_000,
      default: 20,
      description: 'epochs over which the weight rises along a line from 0',
    }),
    width: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 512,
      description: "channels of the path between levels; never more than the student's deepest feature has",
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Chen et al. 2021 as in the authors' code. From the deepest level up: x = BN(conv1×1(S_i)), y the path of the level below
 * brought to its size (nearest), [a, b] = sigmoid(conv1×1([x, y])), path = a x + b y (the deepest: x), brought to the
 * teacher's size, out_i = BN(conv3×3(path)) as wide as the teacher's T_i.
 * L = weight · min(epoch / warmupEpochs, 1) · Σ_i HCL(out_i, T_i) (`hierarchicalLoss`). All modules train beside the student and
 * are discarded. Weight 5 is that of the paper for CIFAR with ResNet 32×4 → 8×4; 1 for ImageNet 34 → 18, 8 for 50 →
 * MobileNet. Several teachers: a path each, losses averaged by their weights.
 */
export const reviewkd: TermMethod = {
  name: 'reviewkd',
  title: 'Knowledge review',
  summary:
    "Deeper features of the student help to imitate the teacher's shallower ones, along a path that is fused by attention.",
  paper: {
    title: 'Distilling Knowledge via Knowledge Review',
    authors: 'Chen, Liu, Zhao, Jia',
    venue: 'CVPR',
    year: 2021,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  ownLabels: false,
  check(params, job) {
    const { taps: pairs } = params as Params
    const faults = tapPairFaults({ pairs, job, parameter: 'taps', adapter: mapsOrVectors })
    return faults.length > 0 ? faults : orderFaults(pairs, job)
  },
  term(setup) {
    const { weight, warmupEpochs } = setup.params as Params
    const reviews = setup.teachers.map(({ share }, m) => ({ share, m, levels: levelsOf(setup, m) }))
    return {
      players: reviews.flatMap(({ levels }) => levels.map(playerOf)),
      loss: (step, student) => {
        const losses = reviews.map(({ share, m, levels }) => reviewLoss(step, { student, m, levels }).mul(share))
        return {
          review: losses
            .reduce((sum, one) => sum.add(one))
            .mul(risen(step, warmupEpochs))
            .mul(weight),
        }
      },
    }
  },
}

/** Any two will do: sizes and widths are the path's business. */
function mapsOrVectors(from: Shape, to: Shape): Adapter {
  const other = [from, to].find(({ length }) => length !== 1 && length !== 3)
  if (other === undefined) return { ok: true, architecture: null }
  const [expected, received] = ['maps [H, W, C] or vectors [C]', `[${other.join(', ')}]`]
  return { ok: false, message: 'a level is a map or a vector', expected, received }
}

/** Places of a feature. */
const placesOf = (shape: Shape) => sidesOf(shape).reduce((product, side) => product * side)

/** Maps that grow on the way down: the list is the wrong way round. */
function orderFaults(pairs: readonly TapPair[], { student, teachers }: MethodJob): ParamFault[] {
  const networks = [
    { architecture: student, whose: 'the student', side: 'student' as const },
    ...teachers.map((architecture, m) => ({ architecture, whose: `teacher ${m}`, side: 'teacher' as const })),
  ]
  return networks.flatMap(({ architecture, whose, side }) => {
    if (architecture === null) return []
    const places = pairs.map((pair, i) => {
      const found = tapOf(architecture, { tap: pair[side], whose, path: `/taps/${i}/${side}` })
      return found.ok ? placesOf(found.shape) : 0
    })
    return places.flatMap((count, i) => {
      if (i === 0 || count <= (places[i - 1] ?? 0)) return []
      const message = `${whose} has more places at this level than at the one before it`
      const expected = 'levels from the shallowest to the deepest'
      return [{ path: `/taps/${i}/${side}`, message, expected, received: pairs[i]?.[side] ?? '' }]
    })
  })
}

/** One level of the path to one teacher. */
interface Level {
  readonly role: string
  readonly pair: TapPair
  /** Sides of the teacher's map. */
  readonly size: readonly [number, number]
  /** To the width of the path. */
  readonly align: Network
  /** [x, y] → [a, b]; none at the deepest level. */
  readonly attend: Network | null
  /** To the teacher's width. */
  readonly imitate: Network
}

function levelsOf({ params, student, teachers, build, shapeOf }: MethodSetup, m: number): Level[] {
  const { taps, width } = params as Params
  const deepest = shapeOf(student, taps.at(-1)?.student ?? '').at(-1) ?? 0
  const channels = Math.min(width, deepest)
  const suffix = teachers.length > 1 ? `@${m}` : ''
  return taps.map((pair, i) => {
    const [from, to] = [shapeOf(student, pair.student), teachers[m]?.shapeOf(pair.teacher) ?? []]
    const [sides, size] = [sidesOf(from), sidesOf(to)]
    const named = (part: string) => `${part}:${i}${suffix}`
    return {
      role: named('review'),
      pair,
      size,
      align: build(named('align'), convolution([...sides, from.at(-1) ?? 0], { filters: channels, kernel: 1 })),
      attend: i === taps.length - 1 ? null : build(named('attend'), attention([...sides, 2 * channels])),
      imitate: build(named('imitate'), convolution([...size, channels], { filters: to.at(-1) ?? 0, kernel: 3 })),
    }
  })
}

const sidesOf = (shape: Shape): [number, number] => (shape.length === 3 ? [shape[0] ?? 0, shape[1] ?? 0] : [1, 1])

function playerOf({ role, align, attend, imitate }: Level): Player {
  const networks = [align, ...(attend === null ? [] : [attend]), imitate]
  return { role, variables: networks.flatMap(({ trainable }) => trainable) }
}

function convolution(inputShape: Shape, kernel: { readonly filters: number; readonly kernel: number }): Architecture {
  const layers: LayerSpec[] = [
    {
      ...{ type: 'conv2d', name: 'conv', inputs: ['input'], ...kernel, stride: 1 },
      ...{ padding: 'same', bias: false, init: 'lecun' },
    },
    { type: 'batchNorm', name: 'norm', inputs: ['conv'], momentum: 0.9, epsilon: 1e-5 },
  ]
  return { inputShape, layers, output: 'norm', taps: {} }
}

function attention(inputShape: Shape): Architecture {
  const layers: LayerSpec[] = [
    {
      ...{ type: 'conv2d', name: 'conv', inputs: ['input'], filters: 2, kernel: 1, stride: 1 },
      ...{ padding: 'same', bias: true, init: 'lecun' },
    },
    { type: 'activation', name: 'shares', inputs: ['conv'], activation: 'sigmoid' },
  ]
  return { inputShape, layers, output: 'shares', taps: {} }
}

interface Review {
  readonly student: Outputs
  /** Number of the teacher. */
  readonly m: number
  readonly levels: readonly Level[]
}

function reviewLoss(step: StepContext, { student, m, levels }: Review): Scalar {
  const imitations = imitationsOf(step, student, levels)
  return levels
    .map(({ pair }, i) =>
      hierarchicalLoss(step, {
        student: imitations[i] as Tensor,
        teacher: asMap(step.teacher(m).tap(pair.teacher)),
      }),
    )
    .reduce((sum, one) => sum.add(one))
}

/** out_i of `reviewkd`, in the order of the levels. */
function imitationsOf(step: StepContext, student: Outputs, levels: readonly Level[]): Tensor[] {
  const { tf } = step
  let path: Tensor | null = null
  const imitations: Tensor[] = []
  for (const { pair, size, align, attend, imitate } of levels.toReversed()) {
    const own: Tensor = step.train(align, asMap(student.tap(pair.student))).logits
    const fused: Tensor = path === null || attend === null ? own : fuse(step, { own, below: path, attend })
    path = resizeNearest(tf, fused, size)
    imitations.unshift(step.train(imitate, path).logits)
  }
  return imitations
}

interface Fused {
  /** x, [B, H, W, C] */
  readonly own: Tensor
  /** y before it has this size */
  readonly below: Tensor
  readonly attend: Network
}

function fuse({ tf, train }: StepContext, { own, below, attend }: Fused): Tensor {
  const [, height = 0, width = 0] = own.shape
  const resized = resizeNearest(tf, below, [height, width])
  const [a, b] = tf.split(train(attend, tf.concat([own, resized], -1)).logits, 2, -1) as [Tensor, Tensor]
  return own.mul(a).add(resized.mul(b))
}

/** A vector is a map of one place. */
const asMap = (x: Tensor): Tensor => (x.rank === 2 ? x.reshape([x.shape[0] ?? 0, 1, 1, x.shape[1] ?? 0]) : x)

function risen({ tf, epoch }: StepContext, over: number): Scalar {
  return over === 0 ? tf.scalar(1) : linearAnneal(tf, epoch, { from: 0, to: 1, start: 0, over })
}

export interface HierarchicalInput {
  /** [B, H, W, C] */
  readonly student: Tensor
  /** The same shape; gets no gradient */
  readonly teacher: Tensor
}

/** Sides to which maps are pooled, each counting half as much as the one before. */
const POOLS = [4, 2, 1]

/**
 * HCL: mean squared difference of the maps, plus 1/2, 1/4 and 1/8 of that of the maps pooled to 4×4, 2×2 and 1×1, divided
 * by the sum of the weights. A pool no smaller than the map is left out, and its weight goes to the next.
 */
export function hierarchicalLoss({ tf, ops }: Maths, { student, teacher }: HierarchicalInput): Scalar {
  const target = ops.stopGradient(teacher)
  const least = Math.min(student.shape[1] ?? 0, student.shape[2] ?? 0)
  const pools = POOLS.filter((side) => side < least)
  const errors = pools.map((side, i) => {
    const [one, other] = [student, target].map((maps) => adaptivePool(tf, maps, [side, side])) as [Tensor, Tensor]
    return meanSquare(one, other).mul(2 ** -(i + 1)) as Scalar
  })
  const whole = errors.reduce((sum, one) => sum.add(one) as Scalar, meanSquare(student, target))
  return whole.div(2 - 2 ** -pools.length)
}

const meanSquare = (one: Tensor, other: Tensor): Scalar => one.sub(other).square().mean()
