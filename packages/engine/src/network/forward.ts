// Our own walk over a network's stock layers. Training differs from `model.predict` in two kinds of layer only: batch norm
// takes the batch's statistics and hands back the moved ones, dropout draws from keyed randomness. Every other layer is
// called as it is, so inference gives what any tfjs runtime gives.
import { fusedBatchNorm } from '@stillhouse/graph'
import type { layers } from '@tensorflow/tfjs'
import type { Network, Outputs } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Tensor, Tf, Variable } from '../contracts/tf.ts'
import { type LayerCall, type LayerProgram, layerProgram } from './layer-program.ts'

/** A moving statistic and what it becomes after this pass. The value must be kept by whoever applies it later. */
export interface MovedStatistic {
  readonly variable: Variable
  readonly value: Tensor
}

export interface ForwardPass {
  readonly tf: Tf
  readonly network: Network
  /** [B, …inputShape] */
  readonly x: Tensor
  /** Set for a training pass. */
  readonly training?: {
    readonly ops: Pick<Ops, 'randomUniform'>
    /** Prefix of the sites at which this pass draws; unique in the step. */
    readonly site: string
    /** Takes the moved statistics; left out when this pass shall not move them. */
    readonly moved?: ((statistic: MovedStatistic) => void) | undefined
  }
}

/** Runs the network on `x`; call inside tf.tidy. */
export function forward(pass: ForwardPass): Outputs {
  const program = layerProgram(pass.network.model)
  const values = new Map<number, Tensor>([[program.input, pass.x]])
  for (const call of program.calls) {
    const inputs = call.inputs.map((id) => values.get(id) as Tensor)
    const outputs = callLayer(pass, call, inputs)
    call.outputs.forEach((id, i) => {
      values.set(id, outputs[i] as Tensor)
    })
  }
  const output = values.get(program.output) as Tensor
  const logits = program.ending === 'softmax' ? logProbabilities(pass.tf, output) : output
  return { logits, tap: (name) => tapped(pass.network, program, values, name) }
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

function tapped(network: Network, program: LayerProgram, values: ReadonlyMap<number, Tensor>, name: string): Tensor {
  const value = values.get(program.values.get(network.taps[name] ?? name) ?? -1)
  if (value !== undefined) return value
  const named = Object.keys(network.taps).join(', ')
  const layerNames = [...program.values.keys()].join(', ')
  throw new Error(
    `There is no tap "${name}" in the network ${network.role}. Named taps: ${named}. Layers, each a tap too: ${layerNames}.`,
  )
}
