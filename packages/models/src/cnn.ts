// A plain convolutional network, LeNet's shape with today's parts: the everyday teacher and student for small images.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { imageFaults } from './shared/image-fault.ts'
import { conv, dense, hidden, lastOf } from './shared/layers.ts'
import { AS_IT_IS, HEAD, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    filters: Type.Array(Type.Integer({ minimum: 1, maximum: 1024 }), {
      minItems: 1,
      maxItems: 6,
      default: [16, 32],
      description: 'filters of each stage; a stage ends by halving height and width',
    }),
    dense: Type.Integer({
      minimum: 0,
      maximum: 8192,
      default: 0,
      description: 'units of a hidden dense layer before the logits; 0: none',
    }),
    head: Type.Enum(['flatten', 'average'], {
      default: 'flatten',
      description: 'how maps become a vector: flatten keeps places, average (global pooling) needs fewer weights',
    }),
    batchNorm: Type.Boolean({ default: true, description: 'batch norm after each convolution' }),
    dropout: Type.Number({
      minimum: 0,
      maximum: 0.9,
      default: 0,
      description: 'share of units set to zero before the logits in training',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Stages of conv 3×3 – batch norm – ReLU – max pool 2, then a head. He normal, logits Glorot uniform.
 * Taps: stage1…, one per stage, after pooling; stage1.pre… before the ReLU, at twice the sides.
 */
export const cnn: ModelFamily & Widenable = {
  name: 'cnn',
  title: 'Plain convolutional network',
  summary: 'Stages of 3×3 convolution, batch norm, ReLU and 2×2 max pooling, then a dense head.',
  paper: {
    title: 'Gradient-based learning applied to document recognition',
    authors: 'LeCun, Bottou, Bengio, Haffner',
    venue: 'Proceedings of the IEEE',
    year: 1998,
  },
  tasks: ['classification'],
  parameters,
  check(params, signature) {
    const stages = (params as Params).filters.length
    return imageFaults(signature, 2 ** stages, `${stages} stages halve them ${stages} times`)
  },
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network(given: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const count = given.filters.length
  const stages = given.filters.flatMap((filters, i) => stage(i + 1, widen(filters, i + 1, widening), given.batchNorm))
  const head = headLayers({ ...given, dense: given.dense && widen(given.dense, HEAD, widening) }, lastOf(stages))
  return {
    inputShape,
    layers: [...stages, ...head, dense({ name: 'logits', from: lastOf(head), units: classes, init: 'glorot' })],
    output: 'logits',
    taps: {
      ...stageTaps(count, (stage) => `stage${stage}-pool`),
      ...stageTaps(count, (stage) => `stage${stage}-${given.batchNorm ? 'bn' : 'conv'}`, '.pre'),
      penultimate: given.dense > 0 ? 'hidden-relu' : 'features',
      logits: 'logits',
    },
  }
}

function stage(number: number, filters: number, batchNorm: boolean): LayerSpec[] {
  const name = `stage${number}`
  const from = number === 1 ? 'input' : `stage${number - 1}-pool`
  return [
    ...conv({ name, from, filters, kernel: 3, stride: 1, batchNorm, activation: 'relu' }),
    { type: 'maxPool', name: `${name}-pool`, inputs: [`${name}-relu`], size: 2, stride: 2, padding: 'valid' },
  ]
}

function headLayers(given: Params, from: string): LayerSpec[] {
  const type = given.head === 'average' ? 'globalAvgPool' : 'flatten'
  const features: LayerSpec = { type, name: 'features', inputs: [from] }
  if (given.dense > 0) return [features, ...hidden('hidden', 'features', { units: given.dense, rate: given.dropout })]
  if (given.dropout === 0) return [features]
  return [features, { type: 'dropout', name: 'features-dropout', inputs: ['features'], rate: given.dropout }]
}
