// A small network that tells whose probabilities it is shown.
import type { Architecture } from '@stillhouse/engine'

/** K – `units` – 1 with leaky ReLU between; its output is a logit, [B, 1]. @param classes K */
export function answerDiscriminator(classes: number, units: number): Architecture {
  return {
    inputShape: [classes],
    layers: [
      { type: 'dense', name: 'hidden', inputs: ['input'], units, bias: true, init: 'he' },
      { type: 'activation', name: 'hidden-leaky', inputs: ['hidden'], activation: 'leakyRelu' },
      { type: 'dense', name: 'score', inputs: ['hidden-leaky'], units: 1, bias: true, init: 'glorot' },
    ],
    output: 'score',
    taps: {},
  }
}
