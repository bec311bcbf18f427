// Factor transfer: a paraphraser first learns, without labels, to say the teacher's maps in fewer channels; the student,
// through a translator, then learns to say the same.
import type {
  Architecture,
  LayerSpec,
  MethodSetup,
  Network,
  PlanMethod,
  Scalar,
  Stage,
  Tensor,
} from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { adaptedPairs } from './shared/adapted-pairs.ts'
import { type Adapter, adapterBetween, type Shape, showShape } from './shared/adapter.ts'
import { featureWeight } from './shared/feature-weight.ts'
import { l2Normalise } from './shared/l2-normalise.ts'
import type { Maths } from './shared/maths.ts'
import { sumOverPairs } from './shared/sum-over-pairs.ts'
import { tapPairFaults, tapPairs } from './shared/tap-pairs.ts'

const parameters = Type.Object(
  {
    taps: tapPairs(['stage2'], 'maps that are paraphrased and translated; the paper takes the last of each network'),
    weight: featureWeight(200, 'of the factors; the labels weigh 1'),
    rate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 4,
      default: 0.5,
      description: "k of the paper: channels of a factor as a share of the teacher's",
    }),
    paraphraserShare: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.2,
      description: 'share of the training in which the paraphraser learns and the student waits',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Kim, Park, Kwak 2018. Stage `paraphrase`: mean (T − rec(T))², T a map of the teacher, rec three 3×3 convolutions to
 * rate · C channels and three transposed ones back, leaky ReLU of slope 0.1 after each (eq. 1). Stage `transfer`:
 * CE + weight · mean |F_s − F_t|, F = vec / ‖vec‖₂ per sample (eqs. 2 and 3, p = 1), F_t what the three convolutions make of
 * T, constant from here on, F_s what a translator makes of the student's map: the same three convolutions, after bringing it
 * to the teacher's size. Paraphraser and translator are discarded. Means over all elements, summed over pairs; 200
 * is that of the CRD authors' benchmark. No batch norm in between and the length of the first stage are our reading.
 * Several teachers: modules of their own, losses averaged by their weights.
 */
export const ft: PlanMethod = {
  name: 'ft',
  title: 'Factor transfer',
  summary:
    'A paraphraser condenses maps of the teacher into factors without labels; the student learns to give the same.',
  paper: {
    title: 'Paraphrasing Complex Network: Network Compression via Factor Transfer',
    authors: 'Kim, Park, Kwak',
    venue: 'NeurIPS',
    year: 2018,
  },
  tasks: ['classification'],
  parameters,
  needs: { teachers: { min: 1, max: 16 }, labels: true },
  check(params, job) {
    const { taps: pairs, rate } = params as Params
    return tapPairFaults({ pairs, job, parameter: 'taps', adapter: translatorAt(rate) })
  },
  plan(setup) {
    const { paraphraserShare: share } = setup.params as Params
    const paraphrasers = paraphrasersOf(setup)
    return {
      deploy: setup.student,
      stages: [paraphraseStage(paraphrasers, share), transferStage(setup, { paraphrasers, share: 1 - share })],
    }
  },
}

interface Paraphraser {
  readonly network: Network
  /** Number of the teacher, and its share. */
  readonly teacher: number
  readonly share: number
  readonly tap: string
}

/** In the order of the adapted pairs: pair by pair, teacher by teacher. */
function paraphrasersOf({ params, teachers, build }: MethodSetup): Paraphraser[] {
  const { taps, rate } = params as Params
  return taps.flatMap((pair, i) =>
    teachers.map(({ share, shapeOf }, m) => {
      const role = `paraphraser:${i}${teachers.length > 1 ? `@${m}` : ''}`
      const network = build(role, paraphraserOf(shapeOf(pair.teacher), rate))
      return { network, teacher: m, share, tap: pair.teacher }
    }),
  )
}

function paraphraseStage(paraphrasers: readonly Paraphraser[], share: number): Stage {
  const players = paraphrasers.map(({ network }) => ({ role: network.role, variables: network.trainable }))
  return {
    name: 'paraphrase',
    share,
    players,
    updates: [
      {
        kind: 'gradient',
        name: 'paraphrase',
        trains: players.map(({ role }) => role),
        loss: (step) => {
          const features = paraphrasers.map(({ network, teacher: m, tap, share: weight }) => {
            const teacher = step.teacher(m).tap(tap)
            return { student: step.train(network, teacher).logits, teacher, share: weight }
          })
          const error = ({ student, teacher }: FactorInput) => reconstructionError({ paraphrased: student, teacher })
          return { reconstruction: sumOverPairs(features, error) }
        },
      },
    ],
  }
}

interface Transfer {
  readonly paraphrasers: readonly Paraphraser[]
  readonly share: number
}

function transferStage(setup: MethodSetup, { paraphrasers, share }: Transfer): Stage {
  const { taps, rate, weight } = setup.params as Params
  const { student } = setup
  const translated = adaptedPairs(setup, { pairs: taps, adapter: translatorAt(rate) })
  const players = [{ role: 'student', variables: student.trainable }, ...translated.players]
  return {
    name: 'transfer',
    share,
    players,
    updates: [
      {
        kind: 'gradient',
        name: 'transfer',
        trains: players.map(({ role }) => role),
        loss: (step) => {
          const outputs = step.train(student)
          const factors = sumOverPairs(translated.of(step, outputs), (pair, i) => {
            const { network } = paraphrasers[i] as Paraphraser
            return factorLoss(step, { student: pair.student, teacher: step.infer(network, pair.teacher).tap(FACTOR) })
          })
          return { ce: step.ops.crossEntropy(outputs.logits, step.batch.labels), factor: factors.mul(weight) }
        },
      },
    ],
  }
}

const FACTOR = 'factor'

const factorWidth = (shape: Shape, rate: number) => Math.max(1, Math.floor((shape.at(-1) ?? 0) * rate))

/** @param shape [H, W, C] of the teacher's map; the tap `factor` is [H, W, ⌊rate · C⌋] */
export function paraphraserOf(shape: Shape, rate: number): Architecture {
  const [channels, width] = [shape.at(-1) ?? 0, factorWidth(shape, rate)]
  const encoder = convolutions('input', [channels, width, width])
  const factor = encoder.at(-1)?.name ?? 'input'
  const decoder = [width, channels, channels].flatMap((filters, i) =>
    block({ name: `back${i + 1}`, from: i === 0 ? factor : `back${i}-leaky`, filters, type: 'conv2dTranspose' }),
  )
  return {
    inputShape: shape,
    layers: [...encoder, ...decoder],
    output: decoder.at(-1)?.name ?? factor,
    taps: { [FACTOR]: factor },
  }
}

/** The student's module at a rate: from its map to the shape of the factor of the teacher's. */
function translatorAt(rate: number): (from: Shape, to: Shape) => Adapter {
  return (from, to) => {
    if (from.length !== 3 || to.length !== 3) {
      const received = `${showShape(from)} and ${showShape(to)}`
      return { ok: false, message: 'factors are made of maps', expected: 'maps [H, W, C]', received }
    }
    const channels = from.at(-1) ?? 0
    const resized = adapterBetween({ from, to: [...to.slice(0, -1), channels], projection: 'needed' })
    if (!resized.ok) return resized
    const before = resized.architecture?.layers ?? []
    const width = factorWidth(to, rate)
    const layers = [...before, ...convolutions(before.at(-1)?.name ?? 'input', [channels, width, width])]
    return { ok: true, architecture: { inputShape: from, layers, output: layers.at(-1)?.name ?? '', taps: {} } }
  }
}

function convolutions(from: string, widths: readonly number[]): LayerSpec[] {
  return widths.flatMap((filters, i) =>
    block({ name: `conv${i + 1}`, from: i === 0 ? from : `conv${i}-leaky`, filters, type: 'conv2d' }),
  )
}

interface Block {
  readonly name: string
  readonly from: string
  readonly filters: number
  readonly type: 'conv2d' | 'conv2dTranspose'
}

/** Slope of the leaky ReLUs below zero. */
const SLOPE = 0.1

function block({ name, from, filters, type }: Block): LayerSpec[] {
  const leaky = `${name}-leaky`
  return [
    { type, name, inputs: [from], filters, kernel: 3, stride: 1, padding: 'same', bias: true, init: 'he' },
    { type: 'activation', name: leaky, inputs: [name], activation: 'leakyRelu', slope: SLOPE },
  ]
}

export interface ReconstructionInput {
  /** rec(T), [B, H, W, C] */
  readonly paraphrased: Tensor
  /** T, the same shape */
  readonly teacher: Tensor
}

/** mean (T − rec(T))² over all elements. */
export function reconstructionError({ paraphrased, teacher }: ReconstructionInput): Scalar {
  return paraphrased.sub(teacher).square().mean()
}

export interface FactorInput {
  /** [B, H, W, C] */
  readonly student: Tensor
  /** The same shape; gets no gradient */
  readonly teacher: Tensor
}

/** mean |F_s − F_t|, F the factors of a sample as one vector of length 1; a factor of zeros stays zero. */
export function factorLoss(maths: Maths, { student, teacher }: FactorInput): Scalar {
  const unit = (factor: Tensor) => l2Normalise(maths, factor.reshape([factor.shape[0] ?? 0, -1]))
  return unit(student)
    .sub(unit(maths.ops.stopGradient(teacher)))
    .abs()
    .mean()
}
