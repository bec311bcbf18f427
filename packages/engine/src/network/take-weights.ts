// Weights from a loaded model into a network of the same architecture.
import { restoreVariables, saveVariables } from '../checkpoint/saved-tensor.ts'
import type { Network } from '../contracts/network.ts'
import type { LayersModel, Tf } from '../contracts/tf.ts'
import { layersModelNetwork } from './layers-model-network.ts'
import { namedVariables } from './named-variables.ts'

/** @throws TrainingError naming the first weight that is missing or has another shape */
export function takeWeights(tf: Tf, network: Network, model: LayersModel): void {
  const theirs = namedVariables([layersModelNetwork({ role: network.role, model, frozen: false })])
  restoreVariables(tf, namedVariables([network]), saveVariables(theirs))
}
