// The networks and states that a plan asks for, under names that are the same in every process.
import { partOf } from '../architecture/part-of.ts'
import type { Architecture } from '../contracts/architecture.ts'
import type { MethodSetup } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Tensor, Tf, Variable } from '../contracts/tf.ts'
import { buildNetwork } from '../network/build-network.ts'
import { cutNetwork } from '../network/cut-network.ts'
import { namedVariables } from '../network/named-variables.ts'
import { randomKey } from '../random/random-key.ts'
import { randomStream } from '../random/random-stream.ts'

export interface Registry extends Pick<MethodSetup, 'build' | 'random' | 'state' | 'cut'> {
  /** Of every network that was built. */
  readonly architectures: ReadonlyMap<Network, Architecture>
  /** Of every network that was built or cut out of one. */
  readonly described: ReadonlyMap<Network, Architecture>
  /** Of all networks and states; grows with them. */
  readonly variables: ReadonlyMap<string, Variable>
  dispose(): void
}

/** @param options.seed of all initial weights and set-up draws */
export function createRegistry({ tf, seed }: { readonly tf: Tf; readonly seed: number }): Registry {
  const architectures = new Map<Network, Architecture>()
  const described = new Map<Network, Architecture>()
  const states = new Map<string, Variable>()
  const variables = new Map<string, Variable>()
  return {
    architectures,
    described,
    variables,
    cut: (network, tap) => {
      const part = cutNetwork(tf, network, tap)
      const whole = described.get(network)
      if (whole !== undefined) described.set(part, partOf(whole, network.taps[tap] ?? tap))
      return part
    },
    build: (role, architecture) => {
      const roles = [...architectures.keys()].map((network) => network.role)
      requireNew('network', role, roles)
      const network = buildNetwork({ tf, role, architecture, seed })
      architectures.set(network, architecture)
      described.set(network, architecture)
      for (const [name, variable] of namedVariables([network])) variables.set(name, variable)
      return network
    },
    random: (site) => randomStream(randomKey(seed, 'setup', site)),
    state: (name, initial, { trainable = false } = {}) => {
      requireNew('state', name, [...states.keys()])
      const variable = tf.variable(initial, trainable)
      if (!(initial instanceof tf.Variable)) initial.dispose()
      states.set(name, variable)
      variables.set(`state/${name}`, variable)
      return variable
    },
    dispose: () => {
      for (const { model, variables: own } of architectures.keys()) {
        model.dispose()
        // layers that another network uses too were only counted down
        tf.dispose([...own] as Tensor[])
      }
      tf.dispose([...states.values()] as Tensor[])
    },
  }
}

function requireNew(kind: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) return
  throw new Error(`The method asks for two ${kind}s named "${name}". Each needs a name of its own.`)
}
