import { describe, expect, it } from 'vitest'
import { describeArchitecture } from '../architecture/describe-architecture.ts'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyCnn, tinyMlp } from '../testing/tiny-architectures.ts'
import { buildNetwork } from './build-network.ts'
import { countParams } from './count-params.ts'
import { forward, type MovedStatistic } from './forward.ts'
import { variableNames } from './layers-model-network.ts'

const signature = { inputShape: [6, 6, 1], classes: 3 }
const build = (architecture: Architecture, seed = 1, role = 'student') => buildNetwork({ tf, role, architecture, seed })
const bytes = (network: ReturnType<typeof build>) => network.variables.map((variable) => [...variable.dataSync()])

describe('buildNetwork', () => {
  it('gives weights that depend on seed and role alone', () => {
    const first = build(tinyCnn(signature))
    expect(bytes(build(tinyCnn(signature)))).toEqual(bytes(first))
    expect(bytes(build(tinyCnn(signature), 2))).not.toEqual(bytes(first))
    expect(bytes(build(tinyCnn(signature), 1, 'peer'))).not.toEqual(bytes(first))
  })

  it('draws kernels with the variance of their initialiser', () => {
    const dense = (init: 'he' | 'glorot' | 'lecun' | 'zeros'): Architecture => ({
      inputShape: [100],
      layers: [{ name: 'logits', type: 'dense', inputs: ['input'], units: 300, bias: true, init }],
      output: 'logits',
      taps: {},
    })
    const variance = (init: Parameters<typeof dense>[0]) => {
      const values = [...(build(dense(init)).variables[0]?.dataSync() ?? [])]
      return values.reduce((sum, value) => sum + value ** 2, 0) / values.length
    }
    expect(variance('he')).toBeCloseTo(2 / 100, 3)
    expect(variance('glorot')).toBeCloseTo(2 / 400, 3)
    expect(variance('lecun')).toBeCloseTo(1 / 100, 3)
    expect(variance('zeros')).toBe(0)
  })

  it('lists trainable weights and then statistics, by names without numbers of the process', () => {
    const network = build(tinyCnn(signature))
    const names = variableNames(network)
    expect(names.slice(0, 3)).toEqual(['conv1/kernel', 'norm1/gamma', 'norm1/beta'])
    expect(names.slice(-2)).toEqual(['norm2/moving_mean', 'norm2/moving_variance'])
    expect(network.variables.length).toBe(names.length)
    expect(network.trainable.length).toBe(names.length - 4)
    expect(buildNetwork({ tf, role: 't', architecture: tinyCnn(signature), seed: 1, frozen: true }).trainable).toEqual(
      [],
    )
  })

  it('refuses what cannot be built, saying which layer and why', () => {
    const architecture = { ...tinyMlp(signature), output: 'nothing' }
    expect(() => build(architecture)).toThrow(/student cannot be built.*\/output/)
  })
})

const everyLayer: LayerSpec[] = [
  {
    name: 'conv',
    type: 'conv2d',
    inputs: ['input'],
    filters: 4,
    kernel: 3,
    stride: 2,
    padding: 'same',
    bias: true,
    init: 'he',
  },
  { name: 'leaky', type: 'activation', inputs: ['conv'], activation: 'leakyRelu' },
  {
    name: 'dw',
    type: 'depthwiseConv2d',
    inputs: ['leaky'],
    kernel: 3,
    stride: 1,
    padding: 'same',
    bias: true,
    init: 'he',
  },
  { name: 'swish', type: 'activation', inputs: ['dw'], activation: 'swish' },
  { name: 'both', type: 'concat', inputs: ['swish', 'leaky'] },
  { name: 'avg', type: 'avgPool', inputs: ['both'], size: 2, stride: 1, padding: 'valid' },
  { name: 'six', type: 'activation', inputs: ['avg'], activation: 'relu6' },
  { name: 'norm', type: 'batchNorm', inputs: ['six'], momentum: 0.9, epsilon: 1e-3 },
  { name: 'elu', type: 'activation', inputs: ['norm'], activation: 'elu' },
  { name: 'flat', type: 'flatten', inputs: ['elu'] },
  { name: 'normFlat', type: 'batchNorm', inputs: ['flat'], momentum: 0.5, epsilon: 1e-3 },
  { name: 'tanh', type: 'activation', inputs: ['normFlat'], activation: 'tanh' },
  { name: 'logits', type: 'dense', inputs: ['tanh'], units: 3, bias: true, init: 'glorot' },
]

describe('describeArchitecture and the built network', () => {
  it.each([
    ['every layer kind', { inputShape: [6, 6, 1], layers: everyLayer, output: 'logits', taps: {} }],
    ['odd sides and strides', { inputShape: [7, 9, 2], layers: everyLayer, output: 'logits', taps: {} }],
    ['a small CNN with a shortcut', tinyCnn(signature)],
  ] as const)('agree on shapes and parameters: %s', (_what, architecture) => {
    const { shapes, params } = describeArchitecture(architecture)
    const network = build(architecture)
    const built = network.model.layers
      .slice(1)
      .map(({ name, outputShape }) => [name, (outputShape as number[]).slice(1)])
    expect(Object.fromEntries(built)).toEqual(Object.fromEntries(shapes))
    expect(countParams(network)).toBe(params)
  })
})

describe('forward', () => {
  const x = tf.randomNormal([5, 6, 6, 1], 0, 1, 'float32', 1)
  const ops = { randomUniform: (shape: readonly number[]) => tf.fill([...shape], 0.5) }

  it.each([
    ['every layer kind', { inputShape: [6, 6, 1], layers: everyLayer, output: 'logits', taps: {} }],
    ['a small CNN with a shortcut', tinyCnn(signature)],
  ] as const)('infers what model.predict gives: %s', (_what, architecture) => {
    const network = build(architecture)
    for (const variable of network.variables)
      if (variable.rank === 1) variable.assign(tf.randomUniform(variable.shape, 0.5, 1.5, 'float32', 3))
    const own = [...forward({ tf, network, x }).logits.dataSync()]
    const predicted = [...(network.model.predict(x) as typeof x).dataSync()]
    own.forEach((value, i) => {
      expect(value).toBeCloseTo(predicted[i] as number, 5)
    })
  })

  it('gives every layer and named tap, and names them when one is missing', () => {
    const { tap, logits } = forward({ tf, network: build(tinyCnn(signature)), x })
    expect(tap('conv1').shape).toEqual([5, 6, 6, 4])
    expect(tap('stage1')).toBe(tap('relu2'))
    expect(tap('logits')).toBe(logits)
    expect(() => tap('stage9')).toThrow(/no tap "stage9".*stage1.*conv1/)
  })

  it('trains batch norm on the batch and moves its statistics by the momentum', () => {
    const network = build(tinyCnn(signature))
    const moved: MovedStatistic[] = []
    const { tap, logits } = forward({
      tf,
      network,
      x,
      training: { ops, site: 's', moved: (statistic) => moved.push(statistic) },
    })
    expect(logits.shape).toEqual([5, signature.classes])
    const { mean, variance } = tf.moments(tap('norm1'), [0, 1, 2])
    for (const value of mean.dataSync()) expect(value).toBeCloseTo(0, 4)
    for (const value of variance.dataSync()) expect(value).toBeCloseTo(1, 2)
    const batch = tf.moments(tap('conv1'), [0, 1, 2])
    const [first, second] = moved as [MovedStatistic, MovedStatistic]
    expect(moved.length).toBe(4)
    expect(first.value.dataSync()[0]).toBeCloseTo(0.1 * (batch.mean.dataSync()[0] as number), 5)
    const bessel = (5 * 36) / (5 * 36 - 1)
    expect(second.value.dataSync()[0]).toBeCloseTo(0.9 + 0.1 * bessel * (batch.variance.dataSync()[0] as number), 4)
  })

  it('drops units in training only, keeps their expectation, and draws at its own site', () => {
    const network = build(tinyMlp(signature, { hidden: 400, dropout: 0.25 }))
    const sites: string[] = []
    const draw = (shape: readonly number[], site: string) => {
      sites.push(site)
      return tf.randomUniform([...shape], 0, 1, 'float32', 5)
    }
    const { tap } = forward({ tf, network, x, training: { ops: { randomUniform: draw }, site: 'student#0' } })
    const before = tap('relu1').dataSync()
    const after = tap('drop1').dataSync()
    const live = [...before].flatMap((value, i) => (value > 0 ? [(after[i] as number) / value] : []))
    expect(new Set(live.map((ratio) => ratio.toFixed(4)))).toEqual(new Set(['0.0000', '1.3333']))
    expect(live.reduce((sum, ratio) => sum + ratio, 0) / live.length).toBeCloseTo(1, 1)
    expect(sites).toEqual(['student#0/drop1'])
    const { tap: inferred } = forward({ tf, network, x })
    expect([...inferred('drop1').dataSync()]).toEqual([...inferred('relu1').dataSync()])
  })
})
