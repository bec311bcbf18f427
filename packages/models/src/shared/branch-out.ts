// One network with several ends: a trunk that all share, and from one layer on the same layers once per branch.
import { type Architecture, type LayerSpec, partOf } from '@stillhouse/engine'

export interface BranchOut {
  /** One network per branch; up to the split they must be the same. */
  readonly networks: readonly Architecture[]
  /** Name of the layer behind which they part. */
  readonly split: string
}

/**
 * Layers of branch i are named `branch<i>-…` and its taps `branch<i>.…`, i = 1…n. Trunk layers and the taps on them keep
 * their names; `trunk` is the layer at the split. Output, `penultimate` and `logits` are those of branch 1.
 */
export function branchOut({ networks, split }: BranchOut): Architecture {
  const [first] = networks
  if (first === undefined) throw new Error('A network cannot have no branches.')
  const trunk = partOf(first, split)
  const shared = new Set(['input', ...trunk.layers.map(({ name }) => name)])
  const branches = networks.map((network, i) => branch(network, { name: `branch${i + 1}`, shared }))
  const { penultimate = '', logits = '' } = branches[0]?.ends ?? {}
  return {
    inputShape: first.inputShape,
    layers: [...trunk.layers, ...branches.flatMap(({ layers }) => layers)],
    output: logits,
    taps: {
      ...trunk.taps,
      trunk: split,
      ...Object.assign({}, ...branches.map(({ taps }) => taps)),
      penultimate,
      logits,
    },
  }
}

interface Branch {
  readonly layers: readonly LayerSpec[]
  readonly taps: Readonly<Record<string, string>>
  readonly ends: Readonly<Record<string, string>>
}

const ENDS = ['penultimate', 'logits']

function branch({ layers, taps }: Architecture, at: { name: string; shared: ReadonlySet<string> }): Branch {
  const named = (layer: string) => (at.shared.has(layer) ? layer : `${at.name}-${layer}`)
  const own = Object.entries(taps).filter(([tap, layer]) => ENDS.includes(tap) || !at.shared.has(layer))
  return {
    layers: layers
      .filter(({ name }) => !at.shared.has(name))
      .map((layer) => ({ ...layer, name: named(layer.name), inputs: layer.inputs.map(named) })),
    taps: Object.fromEntries(own.map(([tap, layer]) => [`${at.name}.${tap}`, named(layer)])),
    ends: Object.fromEntries(ENDS.map((tap) => [tap, named(taps[tap] ?? '')])),
  }
}
