// Residual networks for small images, the form that distillation papers compare on.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { activate, CLASSIFIER_TAPS, classifier, conv, lastOf } from './shared/layers.ts'
import { AS_IT_IS, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    depth: Type.Enum([8, 14, 20, 26, 32, 38, 44, 50, 56, 62, 68, 74, 80, 86, 92, 98, 104, 110], {
      default: 20,
      description: 'weighted layers, 6n + 2: three stages of n blocks of two convolutions',
    }),
    width: Type.Integer({
      minimum: 1,
      maximum: 512,
      default: 16,
      description: 'filters of the first stage; the second has twice and the third four times as many',
    }),
    shortcut: Type.Enum(['projection', 'identity'], {
      default: 'projection',
      description:
        'where the shape changes: projection is a 1×1 convolution with batch norm (option B of the paper); identity takes every second row and column and adds channels of zeros (option A, no weights)',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

const STAGES = 3

/**
 * He et al. 2016, section 4.2. Shortcuts where the shape changes are projections, as in the code that distillation papers
 * share; the paper's CIFAR runs are `shortcut: identity`. He normal over fan-in (the paper's reference), logits Glorot
 * uniform. Taps: stem; stage1, stage2, stage3 after the last ReLU of each, strides 1, 2, 4; stage1.pre… before that ReLU.
 */
export const resnet: ModelFamily & Widenable = {
  name: 'resnet',
  title: 'Residual network (CIFAR form)',
  summary: 'Three stages of residual blocks at full, half and quarter resolution; depth 6n + 2, any width.',
  paper: {
    title: 'Deep Residual Learning for Image Recognition',
    authors: 'He, Zhang, Ren, Sun',
    venue: 'CVPR',
    year: 2016,
  },
  tasks: ['classification'],
  parameters,
  check: (_params, signature) => imageFaults(signature, 4, 'the last stage sees a quarter of each side'),
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network(given: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const blocks = (given.depth - 2) / 6
  const stem: Trunk = {
    channels: given.width,
    layers: conv({
      ...{ name: 'stem', from: 'input', filters: given.width, kernel: 3, stride: 1, batchNorm: true },
      activation: 'relu',
    }),
  }
  const { layers } = [1, 2, 3].reduce((trunk, number) => {
    const filters = widen(given.width * 2 ** (number - 1), number, widening)
    return withStage(trunk, { number, blocks, filters, shortcut: given.shortcut })
  }, stem)
  return {
    inputShape,
    layers: [...layers, ...classifier({ from: lastOf(layers), classes, init: 'glorot' })],
    output: 'logits',
    taps: {
      stem: 'stem-relu',
      ...stageTaps(STAGES, (stage) => `stage${stage}-block${blocks}-relu`),
      ...stageTaps(STAGES, (stage) => `stage${stage}-block${blocks}-add`, '.pre'),
      ...CLASSIFIER_TAPS,
    },
  }
}

/** Layers so far, and the channels of the last. */
interface Trunk {
  readonly layers: LayerSpec[]
  readonly channels: number
}

interface StageOptions {
  readonly number: number
  readonly blocks: number
  readonly filters: number
  readonly shortcut: Params['shortcut']
}

function withStage(trunk: Trunk, { number, blocks, filters, shortcut }: StageOptions): Trunk {
  const layers = [...trunk.layers]
  for (let i = 0; i < blocks; i++) {
    const name = `stage${number}-block${i + 1}`
    const channels = i === 0 ? trunk.channels : filters
    const stride = i === 0 && number > 1 ? 2 : 1
    layers.push(...block({ name, from: lastOf(layers), channels, filters, stride, shortcut }))
  }
  return { layers, channels: filters }
}

interface BlockOptions {
  readonly name: string
  readonly from: string
  /** Of `from`. */
  readonly channels: number
  readonly filters: number
  readonly stride: number
  readonly shortcut: Params['shortcut']
}

function block(options: BlockOptions): LayerSpec[] {
  const { name, from, filters, stride } = options
  const shared = { filters, kernel: 3, batchNorm: true }
  const first = conv({ ...shared, name: `${name}-a`, from, stride, activation: 'relu' })
  const second = conv({ ...shared, name: `${name}-b`, from: lastOf(first), stride: 1, activation: null })
  const shortcut = shortcutLayers(options)
  const skip = shortcut.length > 0 ? lastOf(shortcut) : from
  return [
    ...first,
    ...second,
    ...shortcut,
    { type: 'add', name: `${name}-add`, inputs: [lastOf(second), skip] },
    activate(`${name}-relu`, `${name}-add`),
  ]
}

/** None where the shape stays. Without weights, rows and columns are left out by pooling with a window of one. */
function shortcutLayers({ name, from, channels, filters, stride, shortcut }: BlockOptions): LayerSpec[] {
  if (stride === 1 && channels === filters) return []
  const place = `${name}-shortcut`
  if (shortcut !== 'identity')
    return conv({ name: place, from, filters, kernel: 1, stride, batchNorm: true, activation: null })
  const layers: LayerSpec[] = []
  if (stride > 1)
    layers.push({
      type: 'maxPool',
      name: `${place}-subsample`,
      inputs: [from],
      size: 1,
      stride,
      padding: 'valid',
    })
  const more = filters - channels
  if (more === 0) return layers
  const inputs = [layers.length > 0 ? lastOf(layers) : from]
  const before = Math.floor(more / 2)
  return [...layers, { type: 'channelPad', name: `${place}-pad`, inputs, before, after: more - before }]
}
