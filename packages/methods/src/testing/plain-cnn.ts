// A chain with every kind of layer that stands between two whose units may be taken out.
import type { Architecture } from '@stillhouse/engine'

/** On 4×4 images: 3 channels to a map [2, 2, 3], flattened, 5 hidden units, 3 classes. */
export function plainCnn(): Architecture {
  const window = { stride: 1, padding: 'same', bias: true, init: 'he' } as const
  return {
    inputShape: [4, 4, 1],
    layers: [
      { type: 'zeroPad', name: 'pad', inputs: ['input'], height: [0, 1], width: [1, 0] },
      { type: 'conv2d', name: 'conv', inputs: ['pad'], filters: 3, kernel: 3, ...window },
      { type: 'batchNorm', name: 'norm', inputs: ['conv'], momentum: 0.9, epsilon: 1e-5 },
      { type: 'activation', name: 'relu', inputs: ['norm'], activation: 'relu' },
      { type: 'depthwiseConv2d', name: 'depthwise', inputs: ['relu'], kernel: 3, ...window },
      { type: 'maxPool', name: 'pool', inputs: ['depthwise'], size: 2, stride: 2, padding: 'valid' },
      { type: 'flatten', name: 'flat', inputs: ['pool'] },
      { type: 'dropout', name: 'drop', inputs: ['flat'], rate: 0.5 },
      { type: 'dense', name: 'hidden', inputs: ['drop'], units: 5, bias: true, init: 'he' },
      { type: 'activation', name: 'tanh', inputs: ['hidden'], activation: 'tanh' },
      { type: 'dense', name: 'logits', inputs: ['tanh'], units: 3, bias: true, init: 'glorot' },
    ],
    output: 'logits',
    taps: { stage1: 'pool', penultimate: 'tanh', logits: 'logits' },
  }
}
