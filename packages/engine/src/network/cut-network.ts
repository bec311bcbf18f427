// Part of a network as a network of its own, with the same variables: one branch of several to deploy, an encoder.

import type { SymbolicTensor } from '@tensorflow/tfjs'
import type { Network } from '../contracts/network.ts'
import type { Tf } from '../contracts/tf.ts'
import { layersModelNetwork } from './layers-model-network.ts'

/**
 * The layers that lead to `tap`.
 * @throws Error when there is no such tap, naming those there are
 */
export function cutNetwork(tf: Tf, network: Network, tap: string): Network {
  const output = tappedLayer(network, tap).output as SymbolicTensor
  const role = `${network.role}:${tap}`
  const model = tf.model({
    inputs: network.model.inputs,
    outputs: output,
    name: role.replaceAll(/[^A-Za-z0-9._-]+/g, '-'),
  })
  const kept = new Set(model.layers.map(({ name }) => name))
  const taps = Object.fromEntries(Object.entries(network.taps).filter(([, layer]) => kept.has(layer)))
  return layersModelNetwork({ role, model, frozen: network.frozen, taps: { ...taps, logits: output.sourceLayer.name } })
}

/** Shape of a tap without the batch axis. @throws Error when there is no such tap, naming those there are */
export function tapShape(network: Network, tap: string): readonly number[] {
  return (tappedLayer(network, tap).outputShape as (number | null)[]).slice(1).map(Number)
}

function tappedLayer({ role, model, taps }: Network, tap: string) {
  const layer = model.layers.find(({ name }) => name === (taps[tap] ?? tap))
  if (layer !== undefined) return layer
  const names = [...Object.keys(taps), ...model.layers.map(({ name }) => name)].join(', ')
  throw new Error(`There is no tap "${tap}" in the network ${role}. Taps: ${names}.`)
}
