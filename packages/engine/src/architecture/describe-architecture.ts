// Counts and checks a network from its description alone, so that the API can refuse one that cannot be built, and tell
// its size, without loading tensors.
import type { Fault } from '@stillhouse/spec'
import { nearest } from '@stillhouse/spec'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import { layerShape } from './layer-shape.ts'
import { numberFaults } from './number-faults.ts'

/** Name under which layers refer to the sample. */
export const INPUT = 'input'

/** The rule of tfjs for names of weights, which begin with the layer's name. */
const LAYER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

export interface ArchitectureDescription {
  /** Weights that training changes: kernels, biases, batch-norm scale and offset (not its moving statistics). */
  readonly params: number
  /** Multiply-adds of one sample through convolutions and dense layers. */
  readonly macs: number
  /** Output shape by layer name, without the batch axis; layers behind a fault are missing. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** The family's taps with layer and shape; those that lead nowhere are missing. */
  readonly taps: ReadonlyMap<string, { readonly layer: string; readonly shape: readonly number[] }>
  /** Everything that prevents building it; paths point into the architecture. */
  readonly faults: readonly Fault[]
}

/** Several checks of one job ask about the same network. */
const described = new WeakMap<Architecture, ArchitectureDescription>()

/** Pure: no tensors, equal answers for equal architectures. */
export function describeArchitecture(architecture: Architecture): ArchitectureDescription {
  const description = described.get(architecture) ?? describe(architecture)
  described.set(architecture, description)
  return description
}

function describe(architecture: Architecture): ArchitectureDescription {
  const shapes = new Map<string, readonly number[]>([[INPUT, architecture.inputShape]])
  const faults: Fault[] = [...inputFaults(architecture), ...outputFaults(architecture)]
  const links = linksOf(architecture)
  let params = 0
  let macs = 0
  architecture.layers.forEach((layer, i) => {
    const path = `/layers/${i}`
    const own = [...nameFaults(layer, path, shapes), ...numberFaults(layer, path), ...linkFaults(layer, links, path)]
    faults.push(...own)
    const inputs = layer.inputs.map((name) => shapes.get(name))
    if (own.length > 0 || !inputs.every((shape) => shape !== undefined)) return
    const out = layerShape(layer, inputs)
    if (!out.ok) {
      faults.push({
        path,
        message: `layer ${layer.name}: ${out.message}`,
        expected: out.expected,
        received: out.received,
      })
      return
    }
    shapes.set(layer.name, out.shape)
    params += out.params
    macs += out.macs
  })
  shapes.delete(INPUT)
  return { params, macs, shapes, taps: tapsOf(architecture, shapes), faults }
}

function inputFaults({ inputShape }: Architecture): Fault[] {
  if (inputShape.length > 0 && inputShape.every((size) => Number.isInteger(size) && size > 0)) return []
  const received = `[${inputShape.join(', ')}]`
  return [{ path: '/inputShape', message: 'not the shape of a sample', expected: 'positive whole numbers', received }]
}

function nameFaults(layer: LayerSpec, path: string, known: ReadonlyMap<string, unknown>): Fault[] {
  if (!LAYER_NAME.test(layer.name))
    return [
      {
        path: `${path}/name`,
        message: 'not a layer name',
        expected: 'letters, digits, dot, dash, underscore',
        received: layer.name,
      },
    ]
  if (!known.has(layer.name)) return []
  return [
    { path: `${path}/name`, message: 'two layers have this name', expected: 'a unique name', received: layer.name },
  ]
}

interface Links {
  /** Names of the layers so far, the sample's first. */
  readonly before: string[]
  readonly known: Set<string>
  /** Names that some layer reads, that a tap asks for, or that is the output. */
  readonly used: ReadonlySet<string>
}

function linksOf({ layers, output, taps }: Architecture): Links {
  const used = new Set([output, ...Object.values(taps), ...layers.flatMap(({ inputs }) => inputs)])
  return { before: [INPUT], known: new Set([INPUT]), used }
}

/** Inputs must be named before they are used; a layer that neither feeds another nor is asked for was made for nothing. */
function linkFaults(layer: LayerSpec, { before, known, used }: Links, path: string): Fault[] {
  const faults: Fault[] = layer.inputs
    .filter((name) => !known.has(name))
    .map((name) => ({
      path: `${path}/inputs`,
      message: `layer ${layer.name} reads a layer that does not come before it`,
      expected: `one of ${before.slice(-8).join(', ')}`,
      received: name,
      ...suggestion(name, before),
    }))
  if (layer.inputs.length === 0)
    faults.push({
      path: `${path}/inputs`,
      message: `layer ${layer.name} reads nothing`,
      expected: 'a layer name',
      received: '[]',
    })
  if (!used.has(layer.name))
    faults.push({
      path,
      message: `layer ${layer.name} leads nowhere`,
      expected: 'a path to the output, or a tap that names it',
      received: layer.name,
    })
  before.push(layer.name)
  known.add(layer.name)
  return faults
}

function outputFaults({ layers, output, taps }: Architecture): Fault[] {
  const names = layers.map(({ name }) => name)
  const named = [['/output', output], ...Object.entries(taps).map(([tap, layer]) => [`/taps/${tap}`, layer])] as const
  return named
    .filter(([, layer]) => !names.includes(layer as string))
    .map(([path, layer]) => ({
      path: path as string,
      message: 'there is no such layer',
      expected: `one of ${names.slice(-8).join(', ')}`,
      received: layer as string,
      ...suggestion(layer as string, names),
    }))
}

function suggestion(name: string, known: readonly string[]): { suggestion?: string } {
  const close = nearest(name, known)
  return close === undefined ? {} : { suggestion: close }
}

function tapsOf({ taps }: Architecture, shapes: ReadonlyMap<string, readonly number[]>) {
  return new Map(
    Object.entries(taps).flatMap(([tap, layer]) => {
      const shape = shapes.get(layer)
      return shape === undefined ? [] : [[tap, { layer, shape }] as const]
    }),
  )
}
