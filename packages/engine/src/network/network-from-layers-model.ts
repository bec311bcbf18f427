// A teacher that came as a file: any tfjs LayersModel with one input and one output.
import type { Network } from '../contracts/network.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { LayersModel } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { layerProgram } from './layer-program.ts'
import { layersModelNetwork } from './layers-model-network.ts'

export interface LoadedNetwork {
  readonly role: string
  readonly model: LayersModel
  /** The data that it must fit. */
  readonly signature: Signature
  /** Where it came from, for messages. */
  readonly source: string
}

/**
 * The frozen network of a loaded model. One that ends in a softmax is taken too: its logits are its log-probabilities.
 * @throws TrainingError `teacher.unavailable` when it does not fit the data
 */
export function networkFromLayersModel({ role, model, signature, source }: LoadedNetwork): Network {
  requireShape(source, 'inputs', { shapes: model.inputs.map((input) => input.shape), expected: signature.inputShape })
  requireShape(source, 'outputs', {
    shapes: model.outputs.map((output) => output.shape),
    expected: [signature.classes],
  })
  requireEnding(source, layerProgram(model).ending)
  return layersModelNetwork({ role, model, frozen: true })
}

/** Softmax is undone exactly; of other activations the logits cannot be known. */
function requireEnding(source: string, ending: string): void {
  if (ending === 'linear' || ending === 'softmax') return
  throw new TrainingError(
    'teacher.unavailable',
    `The model of ${source} ends in an activation that gives no class probabilities. Expected linear or softmax; received ${ending}.`,
  )
}

interface Shapes {
  readonly shapes: readonly (readonly (number | null)[])[]
  readonly expected: readonly number[]
}

function requireShape(source: string, what: 'inputs' | 'outputs', { shapes, expected }: Shapes): void {
  const fits = shapes.length === 1 && shapes[0]?.slice(1).join() === expected.join()
  if (fits) return
  const received = shapes.map((shape) => `[${shape.slice(1).join(', ')}]`).join(' and ')
  throw new TrainingError(
    'teacher.unavailable',
    `The model of ${source} does not fit the data. Expected ${what} of one shape [${expected.join(', ')}]; received ${received || 'none'}.`,
  )
}
