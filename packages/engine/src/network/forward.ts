// Our own walk over a network's stock layers. Training differs from `model.predict` in two kinds of layer only: batch norm
// takes the batch's statistics and hands back the moved ones, dropout draws from keyed randomness. Every other layer is
// called as it is, so inference gives what any tfjs runtime gives.
import { fusedBatchNorm, installNativeKernels, isNative, isTracedForCpu } from '@stillhouse/graph'
import type { layers } from '@tensorflow/tfjs'
import type { Network, Outputs } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Tensor, Tf, Variable } from '../contracts/tf.ts'
import { inHalves } from './in-halves.ts'
import { type LayerCall, type LayerProgram, layerProgram } from './layer-program.ts'

/** Samples from which a frozen network is traced as two halves; fewer are not worth twice as many ops. */
const LEAST_TO_HALVE = 16

/** A moving statistic and what it becomes after this pass. The value must be kept by whoever applies it later. */
export interface MovedStatistic {
  readonly variable: Variable
  readonly value: Tensor
}

export interface ForwardPass {
  readonly tf: Tf
  readonly network: Network
  /** [B, …inputShape]; with `at`, the value of that tap */
  readonly x: Tensor
  /** Tap whose value is `x`: what comes before it is not run. Default: the input. */
  readonly at?: string
  /** Set for a training pass. */
  readonly training?: {
    readonly ops: Pick<Ops, 'randomUniform'>
    /** Prefix of the sites at which this pass draws; unique in the step. */
    readonly site: string
    /** Takes the moved statistics; left out when this pass shall not move them. */
    readonly moved?: ((statistic: MovedStatistic) => void) | undefined
  }
}

/**
 * The network's values on `x`, each computed when it is first asked for, with what leads to it; call inside tf.tidy.
 */
export function forward(pass: ForwardPass): Outputs {
  // here too, so that a step that is not traced has the same kernels as one that is
  if (isNative(pass.tf)) installNativeKernels(pass.tf)
  const { tf, network, x, training } = pass
  const samples = training === undefined && network.frozen && isTracedForCpu(tf) ? (x.shape[0] ?? 0) : 0
  if (samples < LEAST_TO_HALVE || samples % 2 !== 0) return walk(pass)
  return inHalves(tf, x, (half) => walk({ ...pass, x: half }))
}

function walk(pass: ForwardPass): Outputs {
  const { tf, network } = pass
  const program = layerProgram(network.model)
  const value = evaluator(pass, program)
  return {
    get logits() {
      const output = value(program.output)
      return program.ending === 'softmax' ? logProbabilities(tf, output) : output
    },
    tap: (name) => value(numberOf(network, program, name)),
  }
}

function evaluator(pass: ForwardPass, program: LayerProgram): (id: number) => Tensor {
  const start = pass.at === undefined ? program.input : numberOf(pass.network, program, pass.at)
  const values = new Map<number, Tensor>([[start, pass.x]])
  const value = (id: number): Tensor => {
    const known = values.get(id)
    if (known !== undefined && !known.isDisposed) return known
    const call = program.producers.get(id)
    if (call === undefined)
      throw new Error(`A pass of ${pass.network.role} that begins at "${pass.at}" needs a layer before it.`)
    const outputs = callLayer(pass, call, call.inputs.map(value))
    call.outputs.forEach((output, i) => {
      values.set(output, outputs[i] as Tensor)
    })
    return values.get(id) as Tensor
  }
  return value
}

function callLayer(pass: ForwardPass, { layer, args }: LayerCall, inputs: Tensor[]): Tensor[] {
  if (pass.training !== undefined) {
    const kind = layer.getClassName()
    if (kind === 'BatchNormalization') return [batchNorm(pass, layer, inputs[0] as Tensor)]
    if (kind === 'Dropout') return [dropout(pass, layer, inputs[0] as Tensor)]
  }
  const output = layer.call(inputs.length === 1 ? (inputs[0] as Tensor) : inputs, { ...args, training: false })
  return Array.isArray(output) ? output : [output]
}

function batchNorm({ tf, training }: ForwardPass, layer: layers.Layer, x: Tensor): Tensor {
  const [gamma, beta, mean, variance] = layer.weights.map((weight) => weight.read() as Variable)
  const { epsilon, momentum } = layer.getConfig() as { epsilon: number; momentum: number }
  const out = fusedBatchNorm(tf, { x, gamma: gamma as Variable, beta: beta as Variable, epsilon })
  const moved = training?.moved
  if (moved === undefined) return out.y
  const toward = (variable: Variable, value: Tensor) =>
    moved({ variable, value: tf.add(tf.mul(variable, momentum), tf.mul(value, 1 - momentum)) })
  toward(mean as Variable, out.mean)
  toward(variance as Variable, out.variance)
  return out.y
}

function dropout({ tf, training }: ForwardPass, layer: layers.Layer, x: Tensor): Tensor {
  const { rate } = layer.getConfig() as { rate: number }
  if (rate === 0 || training === undefined) return x
  const kept = tf.greaterEqual(training.ops.randomUniform(x.shape, `${training.site}/${layer.name}`), rate)
  return tf.mul(x, tf.div(tf.cast(kept, 'float32'), 1 - rate))
}

/** Logits of a model that gives probabilities: softmax(log p / T) is what softmax(z / T) was, for every T. */
function logProbabilities(tf: Tf, probabilities: Tensor): Tensor {
  return tf.log(tf.clipByValue(probabilities, 1e-37, 1))
}

/** @throws Error naming the taps there are */
function numberOf(network: Network, program: LayerProgram, name: string): number {
  const id = program.values.get(network.taps[name] ?? name)
  if (id !== undefined) return id
  const named = Object.keys(network.taps).join(', ')
  const layerNames = [...program.values.keys()].join(', ')
  throw new Error(
    `There is no tap "${name}" in the network ${network.role}. Named taps: ${named}. Layers, each a tap too: ${layerNames}.`,
  )
}
