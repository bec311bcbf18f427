// The part of a network that one of its layers needs: the trunk of a branched one, or a branch by itself.
import type { Architecture } from '../contracts/architecture.ts'

/**
 * The architecture that ends in `output`, with the layers that lead there and the taps on them.
 * @param output name of a layer of the architecture
 */
export function partOf(architecture: Architecture, output: string): Architecture {
  const needed = new Set([output])
  for (const { name, inputs } of architecture.layers.toReversed())
    if (needed.has(name)) for (const input of inputs) needed.add(input)
  return {
    inputShape: architecture.inputShape,
    layers: architecture.layers.filter(({ name }) => needed.has(name)),
    output,
    taps: Object.fromEntries(Object.entries(architecture.taps).filter(([, layer]) => needed.has(layer))),
  }
}
