// Every kind of layer, trained for twenty steps: traced it must give what it gives eagerly.
import { compileStep } from '@stillhouse/graph'
import { expect, test } from 'vitest'
import type { Activation, Architecture, LayerSpec } from '../contracts/architecture.ts'
import type { Scalar, Tensor } from '../contracts/tf.ts'
import { createOps } from '../ops/create-ops.ts'
import { createOptimizer } from '../optimizers/create-optimizer.ts'
import { tf } from '../testing/native-tf.ts'
import { buildNetwork } from './build-network.ts'
import { forward, type MovedStatistic } from './forward.ts'

const STEPS = 20
const BATCH = 6
const INPUT_SHAPE = [8, 8, 4]
const CLASSES = 3

const conv = { type: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', bias: true, init: 'he' } as const
const ACTIVATIONS: Activation[] = ['relu', 'relu6', 'elu', 'sigmoid', 'tanh', 'swish', 'leakyRelu']

type Middle = (from: string) => LayerSpec[]
const one =
  (layer: object): Middle =>
  (from) => [{ name: 'middle', inputs: [from], ...layer } as unknown as LayerSpec]

const KINDS: Record<string, Middle> = {
  'conv2d, strided': one({ ...conv, stride: 2 }),
  'conv2d without bias, valid': one({ ...conv, bias: false, padding: 'valid' }),
  conv2dTranspose: one({ ...conv, type: 'conv2dTranspose', stride: 2 }),
  depthwiseConv2d: one({ ...conv, type: 'depthwiseConv2d', stride: 2 }),
  batchNorm: one({ type: 'batchNorm', momentum: 0.9, epsilon: 1e-5 }),
  'batchNorm of vectors': (from) => [
    { name: 'flat', type: 'flatten', inputs: [from] },
    { name: 'dense', type: 'dense', inputs: ['flat'], units: 5, bias: true, init: 'he' },
    { name: 'middle', type: 'batchNorm', inputs: ['dense'], momentum: 0.9, epsilon: 1e-3 },
  ],
  dropout: one({ type: 'dropout', rate: 0.4 }),
  maxPool: one({ type: 'maxPool', size: 2, stride: 2, padding: 'valid' }),
  avgPool: one({ type: 'avgPool', size: 3, stride: 2, padding: 'same' }),
  globalAvgPool: one({ type: 'globalAvgPool' }),
  flatten: one({ type: 'flatten' }),
  add: (from) => [
    { ...conv, name: 'branch', inputs: [from] },
    { name: 'middle', type: 'add', inputs: ['branch', from] },
  ],
  concat: (from) => [
    { ...conv, name: 'branch', inputs: [from] },
    { name: 'middle', type: 'concat', inputs: ['branch', from] },
  ],
  zeroPad: one({ type: 'zeroPad', height: [1, 0], width: [0, 2] }),
  channelPad: one({ type: 'channelPad', before: 1, after: 2 }),
  channelCrop: one({ type: 'channelCrop', before: 1, after: 1 }),
  reshape: one({ type: 'reshape', shape: [16, 16] }),
  permute: one({ type: 'permute', axes: [3, 1, 2] }),
  upsample2d: one({ type: 'upsample2d', size: 2 }),
  ...Object.fromEntries(ACTIVATIONS.map((activation) => [activation, one({ type: 'activation', activation })])),
}

/** Kinds whose layer `middle` gives a vector per sample. */
const VECTORS = new Set(['batchNorm of vectors', 'globalAvgPool', 'flatten'])

function architectureOf(kind: string, middle: Middle): Architecture {
  const features = VECTORS.has(kind) ? 'middle' : 'features'
  const layers: LayerSpec[] = [
    { ...conv, name: 'stem', inputs: ['input'] },
    { name: 'norm', type: 'batchNorm', inputs: ['stem'], momentum: 0.9, epsilon: 1e-5 },
    { name: 'relu', type: 'activation', inputs: ['norm'], activation: 'relu' },
    ...middle('relu'),
    ...(features === 'middle' ? [] : [{ name: features, type: 'flatten', inputs: ['middle'] } as const]),
    { name: 'logits', type: 'dense', inputs: [features], units: CLASSES, bias: true, init: 'lecun' },
  ]
  return { inputShape: INPUT_SHAPE, layers, output: 'logits', taps: { penultimate: features, logits: 'logits' } }
}

function batchOf(i: number): Record<string, Tensor> {
  const size = INPUT_SHAPE.reduce((product, axis) => product * axis, BATCH)
  const y = Int32Array.from({ length: BATCH }, (_, k) => (i + k) % CLASSES)
  return {
    x: tf.tensor(
      Float32Array.from({ length: size }, (_, k) => Math.sin(1 + 5 * i + 1.7 * k)),
      [BATCH, ...INPUT_SHAPE],
    ),
    y: tf.tensor1d(y, 'int32'),
    step: tf.scalar(i, 'int32'),
  }
}

/** Losses of all steps, then every variable. */
function trained(architecture: Architecture, compiled: boolean): number[][] {
  const network = buildNetwork({ tf, role: 'student', architecture, seed: 3 })
  const spec = { name: 'sgd', learningRate: 0.02, momentum: 0.9 } as const
  const optimizer = createOptimizer({ tf, spec, variables: network.trainable })
  const step = ({ x, y, step: number }: Record<string, Tensor>) => {
    const moves: MovedStatistic[] = []
    const ops = createOps({ tf, seed: 5, step: () => number as Scalar })
    const moved = ({ variable, value }: MovedStatistic) => moves.push({ variable, value: tf.keep(value) })
    const pass = { tf, network, x: x as Tensor, training: { ops, site: 'a', moved } }
    const loss = () => ops.crossEntropy(forward(pass).logits, y as Tensor)
    const { value, grads } = tf.variableGrads(loss, [...network.trainable])
    optimizer.apply(
      network.trainable.map(({ name }) => grads[name]),
      tf.scalar(spec.learningRate),
    )
    for (const { variable, value: statistic } of moves) {
      variable.assign(statistic)
      statistic.dispose()
    }
    return { loss: value }
  }
  const state = [...network.variables, ...optimizer.slots.values()]
  const inputs = batchOf(0)
  const graph = compiled ? compileStep({ tf, step, inputs, variables: state, name: 'layers' }) : undefined
  const losses = Array.from({ length: STEPS }, (_, i) =>
    tf.tidy(() => (graph?.run(batchOf(i)) ?? step(batchOf(i)))['loss']?.dataSync()[0] as number),
  )
  graph?.pull()
  graph?.dispose()
  const values = [losses, ...network.variables.map((variable) => [...variable.dataSync()])]
  tf.dispose(inputs)
  optimizer.dispose()
  network.model.dispose()
  return values
}

test.each(Object.entries(KINDS))('%s: compiled equals eager after 20 steps', (kind, middle) => {
  const architecture = architectureOf(kind, middle)
  const eager = trained(architecture, false)
  const compiled = trained(architecture, true)
  expect(compiled.length).toBe(eager.length)
  compiled.forEach((row, i) => {
    const worst = row.reduce((most, value, k) => Math.max(most, Math.abs(value - (eager[i]?.[k] as number))), 0)
    expect(worst).toBeLessThan(2e-4)
  })
  const losses = eager[0] as number[]
  expect(losses.at(-1)).not.toBe(losses[0])
})

test('every layer of the contract is among the kinds tested', () => {
  const kinds: Record<LayerSpec['type'], true> = {
    conv2d: true,
    conv2dTranspose: true,
    depthwiseConv2d: true,
    dense: true,
    batchNorm: true,
    activation: true,
    maxPool: true,
    avgPool: true,
    dropout: true,
    globalAvgPool: true,
    flatten: true,
    add: true,
    concat: true,
    zeroPad: true,
    channelPad: true,
    channelCrop: true,
    reshape: true,
    permute: true,
    upsample2d: true,
  }
  const tested = Object.entries(KINDS).flatMap(([kind, middle]) =>
    architectureOf(kind, middle).layers.map(({ type }) => type),
  )
  expect(new Set(tested)).toEqual(new Set(Object.keys(kinds)))
})
