import { describe, expect, it } from 'vitest'
import type { Architecture } from '../contracts/architecture.ts'
import { buildNetwork } from '../network/build-network.ts'
import { variableNames } from '../network/layers-model-network.ts'
import { tf } from '../testing/native-tf.ts'
import { trainedWeights } from './trained-weights.ts'

const conv = { kernel: 3, stride: 1, padding: 'same', init: 'he' } as const
const architecture: Architecture = {
  inputShape: [4, 4, 2],
  layers: [
    { ...conv, type: 'conv2d', name: 'a', inputs: ['input'], filters: 3, bias: true },
    { type: 'batchNorm', name: 'b', inputs: ['a'], momentum: 0.9, epsilon: 1e-5 },
    { ...conv, type: 'depthwiseConv2d', name: 'c', inputs: ['b'], bias: true },
    { ...conv, type: 'conv2dTranspose', name: 'd', inputs: ['c'], filters: 2, bias: false },
    { type: 'globalAvgPool', name: 'e', inputs: ['d'] },
    { type: 'dense', name: 'f', inputs: ['e'], units: 3, bias: true, init: 'small' },
  ],
  output: 'f',
  taps: { penultimate: 'e', logits: 'f' },
}

describe('trainedWeights', () => {
  it('are those of the network that is built, by the names of its checkpoints', () => {
    const network = buildNetwork({ tf, role: 'student', architecture, seed: 1 })
    const names = variableNames(network).slice(0, network.trainable.length)
    const weights = trainedWeights('student', architecture)
    expect(weights.map(({ name }) => name)).toEqual(names.map((name) => `student/${name}`))
    expect(weights.map(({ layer }) => layer).join('')).toBe('aabbccdff')
    network.model.dispose()
  })
})
