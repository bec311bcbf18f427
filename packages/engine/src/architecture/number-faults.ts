// Numbers of a layer that no layer of its kind can have, whatever its inputs are.
import type { Fault } from '@stillhouse/spec'
import type { LayerSpec } from '../contracts/architecture.ts'

interface Limit {
  readonly least: number
  readonly expected: string
}
const COUNT: Limit = { least: 1, expected: 'a whole number above 0' }
const EDGE: Limit = { least: 0, expected: 'a whole number, 0 or more' }

/** Fields by the least that they may be. `width` and `height` are the edges of zero padding. */
const LIMITS: Readonly<Record<string, Limit>> = {
  ...{ filters: COUNT, kernel: COUNT, stride: COUNT, units: COUNT, size: COUNT, shape: COUNT, axes: COUNT },
  ...{ before: EDGE, after: EDGE, height: EDGE, width: EDGE },
}

/** @param path JSON Pointer of the layer */
export function numberFaults(layer: LayerSpec, path: string): Fault[] {
  const faults = Object.entries(layer as unknown as Record<string, unknown>).flatMap(([field, value]) => {
    const limit = LIMITS[field]
    if (limit === undefined || fits(value, limit)) return []
    return [numberFault(layer, `${path}/${field}`, { expected: limit.expected, received: value })]
  })
  if (layer.type === 'dropout' && !(layer.rate >= 0 && layer.rate < 1))
    faults.push(numberFault(layer, `${path}/rate`, { expected: 'a share, 0 ≤ rate < 1', received: layer.rate }))
  return faults
}

function fits(value: unknown, { least }: Limit): boolean {
  const numbers: readonly unknown[] = Array.isArray(value) ? value : [value]
  return numbers.every((number) => Number.isInteger(number) && (number as number) >= least)
}

function numberFault(layer: LayerSpec, path: string, { expected, received }: { expected: string; received: unknown }) {
  const message = `layer ${layer.name} has a number that it cannot use`
  return { path, message, expected, received: Array.isArray(received) ? `[${received.join(', ')}]` : String(received) }
}
