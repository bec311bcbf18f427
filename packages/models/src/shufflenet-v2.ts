// Half of the channels pass each block untouched, and a shuffle mixes the halves: the other usual small student.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { CLASSIFIER_TAPS, classifier, conv, depthwise, lastOf } from './shared/layers.ts'
import { AS_IT_IS, HEAD, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    width: Type.Enum([0.5, 1, 1.5, 2], {
      default: 1,
      description: 'one of the four sizes of the paper: 48, 116, 176 or 244 channels in the first stage',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/** Table 5 of the paper: channels of the three stages and of the last convolution. */
const CHANNELS: Readonly<Record<number, readonly [number, number, number, number]>> = {
  0.5: [48, 96, 192, 1024],
  1: [116, 232, 464, 1024],
  1.5: [176, 352, 704, 1024],
  2: [244, 488, 976, 2048],
}
const BLOCKS = [4, 8, 4] as const
const STEM_CHANNELS = 24
const STAGES = BLOCKS.length
const ACTIVATED = { batchNorm: true, activation: 'relu', init: 'heOut' } as const

/**
 * Ma et al. 2018; for small images the stem keeps the resolution and no pooling follows it. He normal over fan-out and a
 * classifier of deviation 0.01, as for MobileNetV2; the paper gives none. Taps: stem; stage1, stage2, stage3 with
 * strides 2, 4, 8, after the shuffle that ends each. Half of such a map went through its ReLU blocks earlier, so no layer
 * holds it before the ReLU, and there are no `.pre` taps.
 */
export const shufflenetV2: ModelFamily & Widenable = {
  name: 'shufflenet-v2',
  title: 'ShuffleNetV2 (CIFAR form)',
  summary: 'Blocks that work on half of the channels and shuffle them, for small images; the four sizes of the paper.',
  paper: {
    title: 'ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design',
    authors: 'Ma, Zhang, Zheng, Sun',
    venue: 'ECCV',
    year: 2018,
  },
  tasks: ['classification'],
  parameters,
  check: (_params, signature) => imageFaults(signature, 8, 'they are halved three times'),
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network({ width }: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const channels = CHANNELS[width] ?? []
  const stem = conv({ ...ACTIVATED, name: 'stem', from: 'input', filters: STEM_CHANNELS, kernel: 3, stride: 1 })
  const layers = [...stem]
  for (const [i, blocks] of BLOCKS.entries()) {
    const half = halfOf(channels[i] ?? 0, i + 1, widening)
    const map = [0, 1].map((axis) => Math.ceil((inputShape[axis] ?? 0) / 2 ** (i + 1)))
    for (let j = 1; j <= blocks; j++) {
      const options = { name: `stage${i + 1}-block${j}`, from: lastOf(layers), half, map }
      layers.push(...(j === 1 ? downBlock(options) : block(options)))
    }
  }
  const last = widen(channels[STAGES] ?? 0, HEAD, widening)
  layers.push(...conv({ ...ACTIVATED, name: 'last', from: lastOf(layers), filters: last, kernel: 1, stride: 1 }))
  return {
    inputShape,
    layers: [...layers, ...classifier({ from: lastOf(layers), classes, init: 'small' })],
    output: 'logits',
    taps: {
      stem: lastOf(stem),
      ...stageTaps(STAGES, (stage) => `stage${stage}-block${BLOCKS[stage - 1]}-shuffled`),
      ...CLASSIFIER_TAPS,
    },
  }
}

/** Both halves must be equal: a stage that is made narrower has an even number of channels. */
function halfOf(channels: number, stage: number, widening: Widening): number {
  return Math.max(1, Math.floor(widen(channels, stage, widening) / 2))
}

interface BlockOptions {
  readonly name: string
  readonly from: string
  /** Channels of each half of the block's output. */
  readonly half: number
  /** Height and width of the block's output. */
  readonly map: readonly number[]
}

/** One half passes, the other is worked on. */
function block(options: BlockOptions): LayerSpec[] {
  const { name, from, half } = options
  return [
    { type: 'channelCrop', name: `${name}-pass`, inputs: [from], before: 0, after: half },
    { type: 'channelCrop', name: `${name}-half`, inputs: [from], before: half, after: 0 },
    ...work({ name: `${name}-work`, from: `${name}-half`, half, stride: 1 }),
    ...shuffle(options, [`${name}-pass`, `${name}-work-out-relu`]),
  ]
}

/** The first block of a stage halves the map: all channels go both ways. */
function downBlock(options: BlockOptions): LayerSpec[] {
  const { name, from, half } = options
  return [
    ...depthwise({ ...ACTIVATED, name: `${name}-down`, from, stride: 2, activation: null }),
    ...conv({ ...ACTIVATED, name: `${name}-pass`, from: `${name}-down-bn`, filters: half, kernel: 1, stride: 1 }),
    ...work({ name: `${name}-work`, from, half, stride: 2 }),
    ...shuffle(options, [`${name}-pass-relu`, `${name}-work-out-relu`]),
  ]
}

interface WorkOptions {
  readonly name: string
  readonly from: string
  readonly half: number
  readonly stride: number
}

function work({ name, from, half, stride }: WorkOptions): LayerSpec[] {
  const point = { ...ACTIVATED, filters: half, kernel: 1, stride: 1 }
  return [
    ...conv({ ...point, name: `${name}-in`, from }),
    ...depthwise({ ...ACTIVATED, name: `${name}-plane`, from: `${name}-in-relu`, stride, activation: null }),
    ...conv({ ...point, name: `${name}-out`, from: `${name}-plane-bn` }),
  ]
}

/** Channels of the two halves in turn: a row of halves is read as a table, turned, and read as a row again. */
function shuffle({ name, half, map }: BlockOptions, halves: readonly [string, string]): LayerSpec[] {
  const [height = 0, width = 0] = map
  return [
    { type: 'concat', name: `${name}-both`, inputs: halves },
    { type: 'reshape', name: `${name}-table`, inputs: [`${name}-both`], shape: [height * width, 2, half] },
    { type: 'permute', name: `${name}-turned`, inputs: [`${name}-table`], axes: [1, 3, 2] },
    { type: 'reshape', name: `${name}-shuffled`, inputs: [`${name}-turned`], shape: [height, width, 2 * half] },
  ]
}
