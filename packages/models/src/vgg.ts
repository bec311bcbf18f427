// Plain deep stacks of 3×3 convolutions: the teacher without shortcuts of many distillation tables.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { CLASSIFIER_TAPS, classifier, conv, lastOf } from './shared/layers.ts'
import { AS_IT_IS, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

/** Convolutions of each stage, by depth. */
const CONVOLUTIONS: Readonly<Record<number, readonly number[]>> = {
  8: [1, 1, 1, 1, 1],
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
}
const FILTERS = [64, 128, 256, 512, 512] as const
const STAGES = FILTERS.length

const parameters = Type.Object(
  {
    depth: Type.Enum([8, 11, 13, 16, 19], {
      default: 8,
      description: 'name of the form: the convolutions, and the three dense layers of the paper of which one is left',
    }),
    width: Type.Number({
      minimum: 0.015625,
      maximum: 4,
      default: 1,
      description: 'factor on the filters of every convolution, rounded down; 1: 64 to 512',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Simonyan and Zisserman 2015 in the form that small images take in the distillation literature: five stages of 3×3
 * convolutions with batch norm, max pooling between them (a side of odd length is rounded up), global average pooling and
 * one dense layer. Convolutions have no bias, which batch norm would cancel: counts are below the usual ones by a bias per
 * filter. He normal over fan-out and a classifier of deviation 0.01, as in that code (the paper: 0.01 everywhere, which
 * batch norm makes unnecessary). Taps: stage1…stage5 after the last ReLU of each, before pooling; stage1.pre… before it.
 */
export const vgg: ModelFamily & Widenable = {
  name: 'vgg',
  title: 'VGG (CIFAR form)',
  summary: 'Five stages of plain 3×3 convolutions with batch norm and pooling between them; 8 to 19 layers, any width.',
  paper: {
    title: 'Very Deep Convolutional Networks for Large-Scale Image Recognition',
    authors: 'Simonyan, Zisserman',
    venue: 'ICLR',
    year: 2015,
  },
  tasks: ['classification'],
  parameters,
  check: (_params, signature) => imageFaults(signature, 8, 'they are halved four times'),
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network({ depth, width }: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const counts = CONVOLUTIONS[depth] ?? []
  const layers = FILTERS.flatMap((filters, i) => {
    const own = Math.max(1, Math.floor(filters * width))
    const from = i === 0 ? 'input' : `stage${i}-conv${counts[i - 1]}-relu`
    return stage({ number: i + 1, from, count: counts[i] ?? 0, filters: widen(own, i + 1, widening) })
  })
  return {
    inputShape,
    layers: [...layers, ...classifier({ from: lastOf(layers), classes, init: 'small' })],
    output: 'logits',
    taps: {
      ...stageTaps(STAGES, (stage) => `stage${stage}-conv${counts[stage - 1]}-relu`),
      ...stageTaps(STAGES, (stage) => `stage${stage}-conv${counts[stage - 1]}-bn`, '.pre'),
      ...CLASSIFIER_TAPS,
    },
  }
}

interface StageOptions {
  readonly number: number
  readonly from: string
  readonly count: number
  readonly filters: number
}

/** Pooling first, except for the first stage, and then the convolutions. */
function stage({ number, from, count, filters }: StageOptions): LayerSpec[] {
  const name = `stage${number}`
  const layers: LayerSpec[] =
    number === 1 ? [] : [{ type: 'maxPool', name: `${name}-pool`, inputs: [from], size: 2, stride: 2, padding: 'same' }]
  for (let i = 1; i <= count; i++) {
    const before = layers.length > 0 ? lastOf(layers) : from
    layers.push(
      ...conv({
        ...{ name: `${name}-conv${i}`, from: before, filters, kernel: 3, stride: 1, batchNorm: true, init: 'heOut' },
        activation: 'relu',
      }),
    )
  }
  return layers
}
