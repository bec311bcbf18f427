// Names of the weights that training changes, known from a description alone: what patterns of a job are held against.
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'

export interface TrainedWeight {
  readonly layer: string
  /** As in checkpoints: `role/layer/weight`. */
  readonly name: string
}

/** In the order of the layers. */
export function trainedWeights(role: string, { layers }: Architecture): TrainedWeight[] {
  return layers.flatMap((layer) =>
    weightsOf(layer).map((weight) => ({ layer: layer.name, name: `${role}/${layer.name}/${weight}` })),
  )
}

function weightsOf(layer: LayerSpec): readonly string[] {
  if (layer.type === 'batchNorm') return ['gamma', 'beta']
  if (!('bias' in layer)) return []
  const kernel = layer.type === 'depthwiseConv2d' ? 'depthwise_kernel' : 'kernel'
  return layer.bias ? [kernel, 'bias'] : [kernel]
}
