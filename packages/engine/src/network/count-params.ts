// The size of a network as papers count it.
import type { Network } from '../contracts/network.ts'
import { variableNames } from './layers-model-network.ts'

/** Weights that training changes or may change: all but batch norm's moving statistics. */
export function countParams(network: Pick<Network, 'model' | 'variables'>): number {
  const names = variableNames(network)
  return network.variables.reduce(
    (sum, variable, i) => sum + (/\/moving_(mean|variance)$/.test(names[i] ?? '') ? 0 : variable.size),
    0,
  )
}
