// A model's layers in the order in which they are called, found once per model. tfjs keeps this order to itself, and its
// own walk gives neither taps nor a say in batch norm and dropout.
import type { layers } from '@tensorflow/tfjs'
import type { LayersModel } from '../contracts/tf.ts'

export interface LayerCall {
  readonly layer: layers.Layer
  /** What the model passes on besides the inputs. */
  readonly args: Readonly<Record<string, unknown>>
  /** Numbers of the values read and written. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

export interface LayerProgram {
  /** The call that gives each value; none for the sample's. */
  readonly producers: ReadonlyMap<number, LayerCall>
  /** Number of the sample's value and of the answer's. */
  readonly input: number
  readonly output: number
  /** Value of each layer by its name. */
  readonly values: ReadonlyMap<string, number>
  /** Activation in which the model ends: `linear` for logits, `softmax` in many uploaded ones. */
  readonly ending: string
}

/** The parts of tfjs's Container and Node that are not in its types. */
interface Internals {
  nodesByDepth: Record<string, CallNode[]>
  build(): void
  inputs: { id: number }[]
  outputs: { id: number }[]
}
interface CallNode {
  outboundLayer: layers.Layer
  callArgs: Record<string, unknown> | null
  inputTensors: { id: number }[]
  outputTensors: { id: number }[]
}

const programs = new WeakMap<LayersModel, LayerProgram>()

/** The program of a model with one input and one output. */
export function layerProgram(model: LayersModel): LayerProgram {
  const known = programs.get(model)
  if (known !== undefined) return known
  const program = readProgram(model)
  programs.set(model, program)
  return program
}

function readProgram(model: LayersModel): LayerProgram {
  const internals = model as unknown as Internals
  // A sequential model only gets its graph when it is first used.
  if (Object.keys(internals.nodesByDepth).length === 0) internals.build()
  const depths = Object.keys(internals.nodesByDepth).map(Number)
  const nodes = depths.sort((a, b) => b - a).flatMap((depth) => internals.nodesByDepth[depth] ?? [])
  const calls = nodes.filter((node) => node.outboundLayer.getClassName() !== 'InputLayer').map(callOf)
  const output = internals.outputs[0]?.id ?? -1
  return {
    producers: new Map(calls.flatMap((call) => call.outputs.map((id) => [id, call] as const))),
    input: internals.inputs[0]?.id ?? -1,
    output,
    values: new Map(calls.map((call) => [call.layer.name, call.outputs[0] ?? -1])),
    ending: activationOf(calls.find((call) => call.outputs.includes(output))?.layer),
  }
}

function callOf({ outboundLayer, callArgs, inputTensors, outputTensors }: CallNode): LayerCall {
  return {
    layer: outboundLayer,
    args: callArgs ?? {},
    inputs: inputTensors.map(({ id }) => id),
    outputs: outputTensors.map(({ id }) => id),
  }
}

function activationOf(layer: layers.Layer | undefined): string {
  if (layer?.getClassName() === 'Softmax') return 'softmax'
  return String(layer?.getConfig()['activation'] ?? 'linear')
}
