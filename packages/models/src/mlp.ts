// Fully connected layers: the smallest thing that learns, for flat samples and tiny students.
import type { LayerSpec, ModelFamily } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { dense, hidden, lastOf } from './shared/layers.ts'

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

/** Flatten, then dense–ReLU(–dropout) per hidden layer, then dense. Taps: stage1…, one per hidden layer. */
export const mlp: ModelFamily = {
  name: 'mlp',
  title: 'Multilayer perceptron',
  summary: 'Fully connected layers with ReLU. Takes samples of any shape.',
  paper: null,
  tasks: ['classification'],
  parameters,
  check: () => [],
  architecture(params, { inputShape, classes }) {
    const given = params as Static<typeof parameters>
    const layers: LayerSpec[] = inputShape.length > 1 ? [{ type: 'flatten', name: 'flatten', inputs: ['input'] }] : []
    const taps: Record<string, string> = {}
    for (const [i, units] of given.hidden.entries()) {
      const name = `hidden${i + 1}`
      const from = layers.length > 0 ? lastOf(layers) : 'input'
      layers.push(...hidden(name, from, { units, rate: given.dropout }))
      taps[`stage${i + 1}`] = `${name}-relu`
    }
    taps['penultimate'] = `hidden${given.hidden.length}-relu`
    taps['logits'] = 'logits'
    layers.push(dense({ name: 'logits', from: lastOf(layers), units: classes, init: 'glorot' }))
    return { inputShape, layers, output: 'logits', taps }
  },
}
