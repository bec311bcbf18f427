// Networks for tests: as small as a network with every kind of state can be.
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import type { Signature } from '../contracts/shelf.ts'

/** flatten → dense → relu → dropout → dense */
export function tinyMlp({ inputShape, classes }: Signature, { hidden = 8, dropout = 0 } = {}): Architecture {
  const layers: LayerSpec[] = [
    { name: 'flat', type: 'flatten', inputs: ['input'] },
    { name: 'fc1', type: 'dense', inputs: ['flat'], units: hidden, bias: true, init: 'he' },
    { name: 'relu1', type: 'activation', inputs: ['fc1'], activation: 'relu' },
    { name: 'drop1', type: 'dropout', inputs: ['relu1'], rate: dropout },
    { name: 'logits', type: 'dense', inputs: ['drop1'], units: classes, bias: true, init: 'lecun' },
  ]
  return { inputShape, layers, output: 'logits', taps: { penultimate: 'drop1', logits: 'logits' } }
}

/** Two convolutions with batch norm and a shortcut, pooled, with dropout before the classifier. */
export function tinyCnn({ inputShape, classes }: Signature, { width = 4, dropout = 0.2 } = {}): Architecture {
  const conv = {
    type: 'conv2d',
    kernel: 3,
    stride: 1,
    padding: 'same',
    bias: false,
    init: 'he',
    filters: width,
  } as const
  const norm = { type: 'batchNorm', momentum: 0.9, epsilon: 1e-5 } as const
  const layers: LayerSpec[] = [
    { ...conv, name: 'conv1', inputs: ['input'] },
    { ...norm, name: 'norm1', inputs: ['conv1'] },
    { name: 'relu1', type: 'activation', inputs: ['norm1'], activation: 'relu' },
    { ...conv, name: 'conv2', inputs: ['relu1'] },
    { ...norm, name: 'norm2', inputs: ['conv2'] },
    { name: 'sum', type: 'add', inputs: ['norm2', 'relu1'] },
    { name: 'relu2', type: 'activation', inputs: ['sum'], activation: 'relu' },
    { name: 'pool', type: 'maxPool', inputs: ['relu2'], size: 2, stride: 2, padding: 'valid' },
    { name: 'mean', type: 'globalAvgPool', inputs: ['pool'] },
    { name: 'drop', type: 'dropout', inputs: ['mean'], rate: dropout },
    { name: 'logits', type: 'dense', inputs: ['drop'], units: classes, bias: true, init: 'lecun' },
  ]
  return { inputShape, layers, output: 'logits', taps: { stage1: 'relu2', penultimate: 'mean', logits: 'logits' } }
}
