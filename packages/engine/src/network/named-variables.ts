// Variables of networks under names that are the same in every process: what a checkpoint is keyed by.
import type { Network } from '../contracts/network.ts'
import type { Variable } from '../contracts/tf.ts'
import { variableNames } from './layers-model-network.ts'

/** `role/layer/weight` → variable. */
export function namedVariables(networks: Iterable<Network>): Map<string, Variable> {
  const named = new Map<string, Variable>()
  for (const network of networks) {
    const names = variableNames(network)
    network.variables.forEach((variable, i) => {
      named.set(`${network.role}/${names[i] ?? i}`, variable)
    })
  }
  return named
}
