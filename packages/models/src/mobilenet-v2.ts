// Inverted residuals: the small network that phones run, and the usual student of another kind than its teacher.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { CLASSIFIER_TAPS, classifier, conv, depthwise, lastOf } from './shared/layers.ts'
import { AS_IT_IS, HEAD, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    width: Type.Number({
      minimum: 0.1,
      maximum: 2,
      default: 1,
      description: 'factor on the channels, rounded to multiples of 8 as in the paper; the last 1,280 only grow',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

interface Row {
  /** Number of the stage: rows between two strides, but for the first two and the last three. */
  readonly stage: number
  readonly expansion: number
  readonly channels: number
  readonly blocks: number
  readonly stride: number
}
/** Table 2 of the paper; strides as small images need them: the stem and the second row keep the resolution. */
const ROWS: readonly Row[] = [
  { stage: 1, expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { stage: 1, expansion: 6, channels: 24, blocks: 2, stride: 1 },
  { stage: 2, expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { stage: 3, expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { stage: 3, expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { stage: 4, expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { stage: 4, expansion: 6, channels: 320, blocks: 1, stride: 1 },
]
const STEM_CHANNELS = 32
const LAST_CHANNELS = 1280
/** ReLU6 is the paper's, for low-precision arithmetic. */
const ACTIVATED = { batchNorm: true, activation: 'relu6', init: 'heOut' } as const
const LINEAR = { batchNorm: true, activation: null, init: 'heOut' } as const

/**
 * Sandler et al. 2018, strides for small images. He normal over fan-out and a classifier of deviation 0.01, as in the common
 * implementations; the paper gives none. Taps: stem; stage1…stage4 with strides 1, 2, 4, 8: the outputs of the last
 * blocks with 24, 32, 96 and 320 channels. These are linear bottlenecks, so there are no `.pre` taps.
 */
export const mobilenetV2: ModelFamily & Widenable = {
  name: 'mobilenet-v2',
  title: 'MobileNetV2 (CIFAR form)',
  summary: 'Inverted residual blocks with depthwise convolutions and linear bottlenecks, for small images; any width.',
  paper: {
    title: 'MobileNetV2: Inverted Residuals and Linear Bottlenecks',
    authors: 'Sandler, Howard, Zhu, Zhmoginov, Chen',
    venue: 'CVPR',
    year: 2018,
  },
  tasks: ['classification'],
  parameters,
  check: (_params, signature) => imageFaults(signature, 8, 'they are halved three times'),
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network({ width }: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  let channels = byEight(STEM_CHANNELS * width)
  const layers = conv({ ...ACTIVATED, name: 'stem', from: 'input', filters: channels, kernel: 3, stride: 1 })
  const taps: Record<string, string> = { stem: lastOf(layers) }
  for (const { stage, expansion, blocks, stride, ...row } of ROWS) {
    const filters = widen(byEight(row.channels * width), stage, widening)
    for (let i = 0; i < blocks; i++) {
      const name = `stage${stage}-${row.channels}-block${i + 1}`
      const from = lastOf(layers)
      layers.push(...block({ name, from, channels, filters, expansion, stride: i === 0 ? stride : 1 }))
      channels = filters
    }
    taps[`stage${stage}`] = lastOf(layers)
  }
  const last = widen(byEight(LAST_CHANNELS * Math.max(1, width)), HEAD, widening)
  layers.push(...conv({ ...ACTIVATED, name: 'last', from: lastOf(layers), filters: last, kernel: 1, stride: 1 }))
  return {
    inputShape,
    layers: [...layers, ...classifier({ from: lastOf(layers), classes, init: 'small' })],
    output: 'logits',
    taps: { ...taps, ...CLASSIFIER_TAPS },
  }
}

/** The nearest multiple of 8, at least 8 and not more than a tenth below. */
function byEight(channels: number): number {
  const near = Math.max(8, Math.floor((channels + 4) / 8) * 8)
  return near < 0.9 * channels ? near + 8 : near
}

interface BlockOptions {
  readonly name: string
  readonly from: string
  /** Of `from`. */
  readonly channels: number
  readonly filters: number
  readonly expansion: number
  readonly stride: number
}

/** Wider, over the plane, narrower; the shortcut joins the narrow ends. */
function block({ name, from, channels, filters, expansion, stride }: BlockOptions): LayerSpec[] {
  const wide = { ...ACTIVATED, filters: channels * expansion, kernel: 1, stride: 1 }
  const expand = expansion > 1 ? conv({ ...wide, name: `${name}-expand`, from }) : []
  const expanded = expand.length > 0 ? lastOf(expand) : from
  const plane = depthwise({ ...ACTIVATED, name: `${name}-depthwise`, from: expanded, stride })
  const project = conv({ ...LINEAR, name: `${name}-project`, from: lastOf(plane), filters, kernel: 1, stride: 1 })
  const layers = [...expand, ...plane, ...project]
  if (stride > 1 || channels !== filters) return layers
  return [...layers, { type: 'add', name: `${name}-add`, inputs: [lastOf(project), from] }]
}
