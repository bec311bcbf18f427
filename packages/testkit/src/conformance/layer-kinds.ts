// One small network around each kind of layer that a family may use. The record is keyed by the kinds themselves, so a
// kind without a network does not compile.
import type { Architecture, LayerSpec } from '@stillhouse/engine'

type Kind = LayerSpec['type']

const MAP = { inputs: ['stem'], name: 'layer' } as const
const window = { stride: 2, padding: 'same' } as const
const learnt = { ...window, bias: true, init: 'he' } as const

/** The layer under test, named `layer`, on the map [8, 8, 4] of `stem`. */
const LAYERS: Readonly<Record<Kind, readonly LayerSpec[]>> = {
  conv2d: [{ ...MAP, ...learnt, type: 'conv2d', filters: 6, kernel: 3 }],
  conv2dTranspose: [{ ...MAP, ...learnt, type: 'conv2dTranspose', filters: 6, kernel: 3 }],
  depthwiseConv2d: [{ ...MAP, ...learnt, type: 'depthwiseConv2d', kernel: 3 }],
  dense: [
    { inputs: ['stem'], name: 'flat', type: 'flatten' },
    { inputs: ['flat'], name: 'layer', type: 'dense', units: 7, bias: true, init: 'glorot' },
  ],
  batchNorm: [{ ...MAP, type: 'batchNorm', momentum: 0.9, epsilon: 1e-5 }],
  activation: [
    { ...MAP, name: 'swish', type: 'activation', activation: 'swish' },
    { inputs: ['swish'], name: 'layer', type: 'activation', activation: 'leakyRelu' },
  ],
  maxPool: [{ ...MAP, ...window, type: 'maxPool', size: 3 }],
  avgPool: [{ ...MAP, ...window, type: 'avgPool', size: 3 }],
  dropout: [{ ...MAP, type: 'dropout', rate: 0.5 }],
  zeroPad: [{ ...MAP, type: 'zeroPad', height: [1, 2], width: [0, 1] }],
  channelPad: [{ ...MAP, type: 'channelPad', before: 1, after: 2 }],
  channelCrop: [{ ...MAP, type: 'channelCrop', before: 1, after: 2 }],
  reshape: [{ ...MAP, type: 'reshape', shape: [8, 16, 2] }],
  permute: [{ ...MAP, type: 'permute', axes: [3, 1, 2] }],
  upsample2d: [{ ...MAP, type: 'upsample2d', size: 2 }],
  globalAvgPool: [{ ...MAP, type: 'globalAvgPool' }],
  flatten: [{ ...MAP, type: 'flatten' }],
  add: [{ inputs: ['stem', 'stem.norm'], name: 'layer', type: 'add' }],
  concat: [{ inputs: ['stem', 'stem.norm'], name: 'layer', type: 'concat' }],
}

const STEM: readonly LayerSpec[] = [
  {
    ...{ inputs: ['input'], name: 'stem', type: 'conv2d', filters: 4, kernel: 3 },
    ...{ stride: 1, padding: 'same', bias: false, init: 'he' },
  } as LayerSpec,
  { inputs: ['stem'], name: 'stem.norm', type: 'batchNorm', momentum: 0.9, epsilon: 1e-3 },
]

/** Kinds that give vectors, which cannot be flattened. */
const VECTORS: readonly string[] = ['dense', 'globalAvgPool', 'flatten'] satisfies Kind[]

function around(layers: readonly LayerSpec[]): Architecture {
  // the norm is left out where nothing reads it: each layer must lead to the output
  const stem = STEM.filter(({ name }) => name === 'stem' || layers.some(({ inputs }) => inputs.includes(name)))
  const vector = VECTORS.includes(layers.at(-1)?.type ?? '')
  const penultimate = vector ? 'layer' : 'penultimate'
  return {
    inputShape: [8, 8, 4],
    layers: [
      ...stem,
      ...layers,
      ...(vector ? [] : [{ inputs: ['layer'], name: penultimate, type: 'flatten' } as const]),
      { inputs: [penultimate], name: 'logits', type: 'dense', units: 10, bias: true, init: 'glorot' },
    ],
    output: 'logits',
    taps: { penultimate, logits: 'logits' },
  }
}

/** A network around each kind of layer, by the kind's name. */
export const layerKinds: Readonly<Record<string, Architecture>> = Object.fromEntries(
  Object.entries(LAYERS).map(([kind, layers]) => [`network with ${kind}`, around(layers)]),
)
