// Whether two networks compute the same function of their weights, for a method that copies from one to the other: a model
// that comes from elsewhere is known only once it is loaded.
import type { Network } from '@stillhouse/engine'

type Layer = Network['model']['layers'][number]

/** What of a layer's configuration changes its answers. */
const TELLING = [
  ...['units', 'filters', 'kernelSize', 'strides', 'padding', 'activation', 'useBias', 'epsilon', 'poolSize', 'size'],
  ...['alpha', 'maxValue', 'targetShape'],
]

/** The first layer that is another in `other`; null when there is none. Names of layers do not count. */
export function sameLayersFault(
  network: Pick<Network, 'model'>,
  other: Pick<Network, 'model'>,
): { readonly expected: string; readonly received: string } | null {
  const [own, theirs] = [network, other].map(({ model }) => model.layers.map(described))
  const length = Math.max(own?.length ?? 0, theirs?.length ?? 0)
  for (let i = 0; i < length; i++) {
    const [expected, received] = [own?.[i] ?? 'no more layers', theirs?.[i] ?? 'no more layers']
    if (expected !== received) return { expected: `${expected} as layer ${i}`, received }
  }
  return null
}

function described(layer: Layer): string {
  const config = layer.getConfig()
  const settings = TELLING.flatMap((key) => (config[key] == null ? [] : [`${key} ${JSON.stringify(config[key])}`]))
  const shapes = layer.weights.map(({ shape }) => `[${shape.join(', ')}]`)
  return [layer.getClassName(), ...settings, ...(shapes.length > 0 ? [`weights ${shapes.join(' ')}`] : [])].join(', ')
}
