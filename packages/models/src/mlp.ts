// Fully connected layers: the smallest thing that learns, for flat samples and tiny students.
import type { Architecture, LayerSpec, ModelFamily, Signature } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { dense, hidden, lastOf } from './shared/layers.ts'
import { AS_IT_IS, stageTaps, type Widenable, type Widening, widen } from './shared/widenable.ts'

const parameters = Type.Object(
  {
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 16_384 }), {
      minItems: 1,
      maxItems: 16,
      default: [128],
      description: 'units of each hidden layer, in order',
    }),
    dropout: Type.Number({
      minimum: 0,
      maximum: 0.9,
      default: 0,
      description: 'share of units set to zero after each hidden layer in training',
    }),
  },
  { additionalProperties: false },
)
type Params = Static<typeof parameters>

/**
 * Flatten, then dense–ReLU(–dropout) per hidden layer, then dense. He normal, logits Glorot uniform.
 * Taps: stage1…, one per hidden layer after its ReLU, stage1.pre… before it.
 */
export const mlp: ModelFamily & Widenable = {
  name: 'mlp',
  title: 'Multilayer perceptron',
  summary: 'Fully connected layers with ReLU. Takes samples of any shape.',
  paper: null,
  tasks: ['classification'],
  parameters,
  check: () => [],
  architecture: (params, signature) => network(params as Params, signature, AS_IT_IS),
  widened: (params, signature, widening) => network(params as Params, signature, widening),
}

function network(given: Params, { inputShape, classes }: Signature, widening: Widening): Architecture {
  const layers: LayerSpec[] = inputShape.length > 1 ? [{ type: 'flatten', name: 'flatten', inputs: ['input'] }] : []
  for (const [i, units] of given.hidden.entries()) {
    const from = layers.length > 0 ? lastOf(layers) : 'input'
    layers.push(...hidden(`hidden${i + 1}`, from, { units: widen(units, i + 1, widening), rate: given.dropout }))
  }
  const depth = given.hidden.length
  const taps = {
    ...stageTaps(depth, (stage) => `hidden${stage}-relu`),
    ...stageTaps(depth, (stage) => `hidden${stage}`, '.pre'),
    penultimate: `hidden${depth}-relu`,
    logits: 'logits',
  }
  layers.push(dense({ name: 'logits', from: lastOf(layers), units: classes, init: 'glorot' }))
  return { inputShape, layers, output: 'logits', taps }
}
