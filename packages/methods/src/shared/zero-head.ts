// A network that begins by giving every class the same probability.
import type { Network, Variable } from '@stillhouse/engine'

/** Sets the weights of the layer that gives the logits to zero. Host code. @throws Error when it has no weights */
export function zeroHead({ role, model }: Network): void {
  const head = model.layers.find(({ name }) => name === model.outputNames[0])
  if (head === undefined || head.trainableWeights.length === 0)
    throw new Error(`The last layer of ${role} has no weights that could begin at zero.`)
  for (const weight of head.trainableWeights) {
    const variable = weight.read() as Variable
    const zeros = variable.zerosLike()
    variable.assign(zeros)
    zeros.dispose()
  }
}
