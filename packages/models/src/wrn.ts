// Wide residual networks: fewer layers and more filters than ResNet, at the same cost better; the usual strong teacher.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { activate, CLASSIFIER_TAPS, classifier, lastOf, norm } from './shared/layers.ts'
import { AS_IT_IS, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    depth: Type.Enum([10, 16, 22, 28, 34, 40], {
      default: 16,
      description: 'the d of WRN-d-k, 6n + 4: three stages of n blocks of two convolutions',
    }),
    width: Type.Integer({
      minimum: 1,
      maximum: 20,
      default: 2,
      description: 'the k of WRN-d-k: stages have 16k, 32k and 64k filters',
    }),
    dropout: Type.Number({
      minimum: 0,
      maximum: 0.9,
      default: 0,
      description: 'share of units set to zero between the convolutions of a block in training; the paper tries 0.3',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

const STAGES = 3
const STEM_FILTERS = 16

/**
 * Zagoruyko and Komodakis 2016: pre-activation blocks B(3,3) (batch norm and ReLU before each convolution), dropout inside
 * the block, 1×1 convolutions for shortcuts where the shape changes. He normal over fan-out as in the authors' code, logits
 * Glorot uniform. Taps: stem (a bare convolution); stage1, stage2, stage3 after the batch norm and ReLU that follow each
 * stage, strides 1, 2, 4; stage1.pre… before that ReLU.
 */
export const wrn: ModelFamily & Widenable = {
  name: 'wrn',
  title: 'Wide residual network',
  summary:
    'WRN-d-k: three stages of pre-activation residual blocks, k times as wide as ResNet, with dropout inside if asked.',
  paper: {
    title: 'Wide Residual Networks',
    authors: 'Zagoruyko, Komodakis',
    venue: 'BMVC',
    year: 2016,
  },
  tasks: ['classification'],
  parameters,
  check: (_params, signature) => imageFaults(signature, 4, 'the last stage sees a quarter of each side'),
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network(given: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const layers = bareConv({ name: 'stem', from: 'input', filters: STEM_FILTERS, kernel: 3, stride: 1 })
  const blocks = (given.depth - 4) / 6
  let channels = STEM_FILTERS
  for (let number = 1; number <= STAGES; number++) {
    const filters = widen(STEM_FILTERS * given.width * 2 ** (number - 1), number, widening)
    for (let i = 0; i < blocks; i++) {
      const [name, stride] = [`stage${number}-block${i + 1}`, i === 0 && number > 1 ? 2 : 1]
      layers.push(...block({ name, from: lastOf(layers), channels, filters, stride, dropout: given.dropout }))
      channels = filters
    }
  }
  layers.push(...preactivation('final', lastOf(layers)))
  // what a stage gives is normalised and passed through ReLU at the start of the next one
  const after = (stage: number) => (stage < STAGES ? `stage${stage + 1}-block1-a` : 'final')
  return {
    inputShape,
    layers: [...layers, ...classifier({ from: lastOf(layers), classes, init: 'glorot' })],
    output: 'logits',
    taps: {
      stem: 'stem-conv',
      ...stageTaps(STAGES, (stage) => `${after(stage)}-relu`),
      ...stageTaps(STAGES, (stage) => `${after(stage)}-bn`, '.pre'),
      ...CLASSIFIER_TAPS,
    },
  }
}

interface BareConv {
  readonly name: string
  readonly from: string
  readonly filters: number
  readonly kernel: number
  readonly stride: number
}

/** Without bias, since batch norm follows sooner or later. */
function bareConv({ name, from, filters, kernel, stride }: BareConv): LayerSpec[] {
  return [
    {
      type: 'conv2d',
      name: `${name}-conv`,
      inputs: [from],
      filters,
      kernel,
      stride,
      padding: 'same',
      bias: false,
      init: 'heOut',
    },
  ]
}

function preactivation(name: string, from: string): LayerSpec[] {
  return [norm(`${name}-bn`, from), activate(`${name}-relu`, `${name}-bn`)]
}

interface BlockOptions {
  readonly name: string
  readonly from: string
  /** Of `from`. */
  readonly channels: number
  readonly filters: number
  readonly stride: number
  readonly dropout: number
}

function block({ name, from, channels, filters, stride, dropout }: BlockOptions): LayerSpec[] {
  const changes = stride > 1 || channels !== filters
  const layers = [
    ...preactivation(`${name}-a`, from),
    ...bareConv({ name: `${name}-a`, from: `${name}-a-relu`, filters, kernel: 3, stride }),
    ...preactivation(`${name}-b`, `${name}-a-conv`),
  ]
  if (dropout > 0) layers.push({ type: 'dropout', name: `${name}-dropout`, inputs: [lastOf(layers)], rate: dropout })
  layers.push(...bareConv({ name: `${name}-b`, from: lastOf(layers), filters, kernel: 3, stride: 1 }))
  if (changes)
    layers.push(...bareConv({ name: `${name}-shortcut`, from: `${name}-a-relu`, filters, kernel: 1, stride }))
  const skip = changes ? `${name}-shortcut-conv` : from
  return [...layers, { type: 'add', name: `${name}-add`, inputs: [`${name}-b-conv`, skip] }]
}
