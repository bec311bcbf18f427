// Builds a described network from stock tfjs layers, with weights that are a function of the seed.
import type { layers, SymbolicTensor } from '@tensorflow/tfjs'
import { describeArchitecture, INPUT } from '../architecture/describe-architecture.ts'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import type { Network } from '../contracts/network.ts'
import type { Tf, Variable } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { initialWeights } from './initial-weights.ts'
import { layersModelNetwork } from './layers-model-network.ts'
import { stockLayer } from './stock-layer.ts'

export interface BuildNetwork {
  readonly tf: Tf
  readonly role: string
  readonly architecture: Architecture
  /** Initial weights are keyed by (seed, role, layer). */
  readonly seed: number
  readonly frozen?: boolean
}

/** @throws TrainingError `spec.rejected` with the first fault when the architecture cannot be built */
export function buildNetwork({ tf, role, architecture, seed, frozen = false }: BuildNetwork): Network {
  const [fault] = describeArchitecture(architecture).faults
  if (fault !== undefined)
    throw new TrainingError(
      'spec.rejected',
      `The network ${role} cannot be built: ${fault.message} (at ${fault.path}). Expected ${fault.expected}; received ${fault.received}.`,
    )
  const input = tf.input({ shape: [...architecture.inputShape], name: INPUT })
  const outputs = new Map<string, SymbolicTensor>([[INPUT, input]])
  for (const layer of architecture.layers) outputs.set(layer.name, connect(tf, { layer, outputs, seed, role }))
  const model = tf.model({
    inputs: input,
    outputs: [architecture.output, ...looseEnds(architecture)].map((name) => outputs.get(name) as SymbolicTensor),
    // Without a name tfjs numbers models by process, and equal weights would not give equal files.
    name: role.replaceAll(/[^A-Za-z0-9._-]+/g, '-'),
  })
  return layersModelNetwork({ role, model, frozen, taps: architecture.taps })
}

/** Layers that nothing reads, besides the output: tfjs would leave out of the model what leads to none of its outputs. */
function looseEnds({ layers, output }: Architecture): string[] {
  const read = new Set([output, ...layers.flatMap(({ inputs }) => inputs)])
  return layers.map(({ name }) => name).filter((name) => !read.has(name))
}

interface Connect {
  readonly layer: LayerSpec
  readonly outputs: ReadonlyMap<string, SymbolicTensor>
  readonly seed: number
  readonly role: string
}

function connect(tf: Tf, { layer, outputs, seed, role }: Connect): SymbolicTensor {
  const stock = stockLayer(tf, layer)
  const inputs = layer.inputs.map((name) => outputs.get(name) as SymbolicTensor)
  const output = stock.apply(inputs.length === 1 ? (inputs[0] as SymbolicTensor) : inputs) as SymbolicTensor
  if ('init' in layer) initialise(tf, { layer, stock, place: [role, layer.name], seed })
  return output
}

const KERNEL_KINDS = {
  conv2d: 'plain',
  dense: 'plain',
  depthwiseConv2d: 'depthwise',
  conv2dTranspose: 'transposed',
} as const

interface Initialise {
  readonly layer: Extract<LayerSpec, { init: unknown }>
  readonly stock: layers.Layer
  readonly place: readonly string[]
  readonly seed: number
}

/** Biases stay zero, batch norm starts as the identity: tfjs's own defaults. */
function initialise(tf: Tf, { layer, stock, place, seed }: Initialise): void {
  const kernel = stock.weights[0]?.read() as Variable
  const kind = KERNEL_KINDS[layer.type]
  const values = initialWeights({ shape: kernel.shape, init: layer.init, kernel: kind, seed, place })
  tf.tidy(() => kernel.assign(tf.tensor(values, kernel.shape)))
}
