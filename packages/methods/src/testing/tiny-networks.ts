// Networks and samples for tests of methods: as small as everything that a method may ask of them allows.
import { type Architecture, type Dataset, type LayerSpec, type Split, sharedFloats } from '@stillhouse/engine'

const SIDE = 4
const CLASSES = 3

/** Two convolutions with batch norm on 4×4 images: stage1 [4, 4, width], stage2 [2, 2, 2 · width], then the head. */
export function tinyCnn(width = 2): Architecture {
  const stage = (number: number, from: string, filters: number): LayerSpec[] => [
    {
      ...{ type: 'conv2d', name: `conv${number}`, inputs: [from], filters, kernel: 3, stride: number },
      ...{ padding: 'same', bias: false, init: 'he' },
    },
    { type: 'batchNorm', name: `norm${number}`, inputs: [`conv${number}`], momentum: 0.9, epsilon: 1e-5 },
    { type: 'activation', name: `relu${number}`, inputs: [`norm${number}`], activation: 'relu' },
  ]
  return {
    inputShape: [SIDE, SIDE, 1],
    layers: [
      ...stage(1, 'input', width),
      ...stage(2, 'relu1', 2 * width),
      {
        type: 'conv2d',
        name: 'conv3',
        inputs: ['relu2'],
        filters: 4,
        kernel: 1,
        stride: 1,
        padding: 'same',
        bias: false,
        init: 'he',
      },
      { type: 'batchNorm', name: 'norm3', inputs: ['conv3'], momentum: 0.9, epsilon: 1e-5 },
      { type: 'globalAvgPool', name: 'mean', inputs: ['norm3'] },
      { type: 'dense', name: 'logits', inputs: ['mean'], units: CLASSES, bias: true, init: 'glorot' },
    ],
    output: 'logits',
    taps: { stage1: 'relu1', stage2: 'relu2', penultimate: 'mean', logits: 'logits' },
  }
}

/** Flat samples are not needed: the network flattens. stage1 [hidden], logits. */
export function tinyMlp(hidden = 4): Architecture {
  return {
    inputShape: [SIDE, SIDE, 1],
    layers: [
      { type: 'flatten', name: 'flat', inputs: ['input'] },
      { type: 'dense', name: 'hidden', inputs: ['flat'], units: hidden, bias: true, init: 'he' },
      { type: 'activation', name: 'relu', inputs: ['hidden'], activation: 'relu' },
      { type: 'dense', name: 'logits', inputs: ['relu'], units: CLASSES, bias: true, init: 'glorot' },
    ],
    output: 'logits',
    taps: { stage1: 'relu', penultimate: 'relu', logits: 'logits' },
  }
}

/** A bright row per class, and noise; every value a function of its place. */
export function tinyImages(): Dataset {
  return {
    signature: { inputShape: [SIDE, SIDE, 1], classes: CLASSES },
    digest: 'tiny',
    splits: { train: split(24, 1), test: split(12, 2) },
  }
}

function split(size: number, salt: number): Split {
  const values = sharedFloats(size * SIDE * SIDE)
  values.forEach((_, place) => {
    const [sample, row] = [Math.floor(place / SIDE / SIDE), Math.floor(place / SIDE) % SIDE]
    const noise = Math.sin(place * 12.9898 + salt * 78.233) * 43_758.5453
    values[place] = (row === sample % CLASSES ? 1 : 0) + 0.5 * (noise - Math.floor(noise))
  })
  return { size, labels: Int32Array.from({ length: size }, (_, i) => i % CLASSES), values, scale: 1 }
}
