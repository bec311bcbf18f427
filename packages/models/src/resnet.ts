// Residual networks for small images, the form that distillation papers compare on.
import type { LayerSpec, ModelFamily } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { conv, dense, lastOf, reluAfter } from './shared/layers.ts'

const parameters = Type.Object(
  {
    depth: Type.Enum([8, 14, 20, 32, 44, 56, 110], {
      default: 20,
      description: 'weighted layers, 6n + 2: three stages of n blocks of two convolutions',
    }),
    width: Type.Integer({
      minimum: 1,
      maximum: 512,
      default: 16,
      description: 'filters of the first stage; the second has twice and the third four times as many',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * He et al. 2016, section 4.2, with projection shortcuts (option B: 1×1 convolution and batch norm where the shape
 * changes) as in the code that distillation papers share; the paper's CIFAR runs used option A.
 * Taps: stage1, stage2, stage3 after the last ReLU of each, strides 1, 2, 4.
 */
export const resnet: ModelFamily = {
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
  architecture(params, { inputShape, classes }) {
    const { depth, width } = params as Params
    const blocks = (depth - 2) / 6
    const stem = conv({
      name: 'stem',
      from: 'input',
      filters: width,
      kernel: 3,
      stride: 1,
      batchNorm: true,
      relu: true,
    })
    const layers = [...stem, ...[1, 2, 3].flatMap((number) => stage({ number, blocks, width }))]
    const features: LayerSpec = { type: 'globalAvgPool', name: 'features', inputs: [lastOf(layers)] }
    const taps = Object.fromEntries([1, 2, 3].map((number) => [`stage${number}`, `stage${number}-block${blocks}-relu`]))
    return {
      inputShape,
      layers: [...layers, features, dense({ name: 'logits', from: 'features', units: classes, init: 'glorot' })],
      output: 'logits',
      taps: { ...taps, penultimate: 'features', logits: 'logits' },
    }
  },
}

interface StageOptions {
  readonly number: number
  readonly blocks: number
  readonly width: number
}

function stage({ number, blocks, width }: StageOptions): LayerSpec[] {
  const filters = width * 2 ** (number - 1)
  return Array.from({ length: blocks }, (_, i) => {
    const before = number === 1 ? 'stem' : `stage${number - 1}-block${blocks}`
    const from = i === 0 ? `${before}-relu` : `stage${number}-block${i}-relu`
    // the first stage has the stem's shape, so its blocks need no projection
    const changes = i === 0 && number > 1
    return block({ name: `stage${number}-block${i + 1}`, from, filters, changes })
  }).flat()
}

function block({
  name,
  from,
  filters,
  changes,
}: {
  name: string
  from: string
  filters: number
  changes: boolean
}): LayerSpec[] {
  const stride = changes ? 2 : 1
  const shared = { filters, batchNorm: true }
  const first = conv({ ...shared, name: `${name}-a`, from, kernel: 3, stride, relu: true })
  const second = conv({ ...shared, name: `${name}-b`, from: lastOf(first), kernel: 3, stride: 1, relu: false })
  const shortcut = changes ? conv({ ...shared, name: `${name}-shortcut`, from, kernel: 1, stride, relu: false }) : []
  const skip = shortcut.length > 0 ? lastOf(shortcut) : from
  return [
    ...first,
    ...second,
    ...shortcut,
    { type: 'add', name: `${name}-add`, inputs: [lastOf(second), skip] },
    reluAfter(`${name}-relu`, `${name}-add`),
  ]
}
