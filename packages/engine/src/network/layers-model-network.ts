// A tfjs model seen as a network of a run: which variables train, which a checkpoint holds, which taps there are.
import type { Network } from '../contracts/network.ts'
import type { LayersModel, Variable } from '../contracts/tf.ts'

export interface NetworkOptions {
  readonly role: string
  readonly model: LayersModel
  readonly frozen: boolean
  /** Named taps of the family; every layer name is a tap anyway. */
  readonly taps?: Readonly<Record<string, string>>
}

/** The network of `model`, sharing its variables. */
export function layersModelNetwork({ role, model, frozen, taps }: NetworkOptions): Network {
  const trainable = model.layers.flatMap((layer) => layer.trainableWeights.map((weight) => weight.read() as Variable))
  const fixed = model.layers.flatMap((layer) => layer.nonTrainableWeights.map((weight) => weight.read() as Variable))
  const last = model.layers.at(-1)?.name ?? ''
  return {
    role,
    model,
    taps: taps ?? { logits: last },
    trainable: frozen ? [] : trainable,
    variables: [...trainable, ...fixed],
    frozen,
  }
}

/** Names of `network.variables`, in their order, that are the same in every process: `layer/kernel`. */
export function variableNames({ model }: Pick<Network, 'model'>): string[] {
  const all = model.layers.flatMap((layer) => {
    const name = (weight: { originalName: string }) => `${layer.name}/${weight.originalName.split('/').at(-1) ?? ''}`
    return { trainable: layer.trainableWeights.map(name), fixed: layer.nonTrainableWeights.map(name) }
  })
  return [...all.flatMap(({ trainable }) => trainable), ...all.flatMap(({ fixed }) => fixed)]
}
