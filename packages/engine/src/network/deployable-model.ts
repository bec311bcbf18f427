// What is measured and exported of a network: a network with branches is trained as a whole, but answers with one of them.
import type { LayersModel, Tf } from '../contracts/tf.ts'

/**
 * The part of `model` that leads to its first output, sharing its layers: it has nothing of its own to dispose.
 * A model with one output is given back as it is.
 */
export function deployableModel(tf: Tf, model: LayersModel): LayersModel {
  const [output] = model.outputs
  if (output === undefined || model.outputs.length === 1) return model
  return tf.model({ inputs: model.inputs, outputs: output, name: model.name })
}
