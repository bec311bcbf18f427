// Which units stay when there is a budget: the best of all layers in one ranking, as many as the budget pays for.
import { type Architecture, describeArchitecture } from '@stillhouse/engine'
import type { KeptUnits } from './smaller-network.ts'
import { type UnitLayer, withUnits } from './unit-chain.ts'

export type BudgetMeasure = 'units' | 'params' | 'flops'

export interface ChooseUnits {
  readonly architecture: Architecture
  readonly layers: readonly UnitLayer[]
  /** Of the units of each layer, in the order of `layers`; the higher the better. */
  readonly scores: readonly ArrayLike<number>[]
  /** Whether a unit of score 0 may go whatever the budget. */
  readonly dropZeros: boolean
  /** The most that the network may have; null: what is left when the zeros are gone. */
  readonly limit: { readonly measure: BudgetMeasure; readonly most: number } | null
}

interface Ranked {
  readonly layer: string
  readonly unit: number
  readonly score: number
}

/** Every layer keeps its best unit, whatever its score: a network without one would be cut in two. */
export function chooseUnits({ architecture, layers, scores, dropZeros, limit }: ChooseUnits): KeptUnits {
  const ranked = layers.map(({ name }, i) => rankedUnits(name, scores[i] ?? []))
  const best = ranked.flatMap(([first]) => (first === undefined ? [] : [first]))
  const others = ranked.flatMap((units) => units.slice(1)).filter(({ score }) => score > 0 || !dropZeros)
  const order = [...best, ...others.sort((a, b) => b.score - a.score)]
  const keep = (count: number) => unitsByLayer(layers, order.slice(0, count))
  if (limit === null) return keep(order.length)
  const fits = (count: number) => networkCost(architecture, keep(count), limit.measure) <= limit.most
  return keep(largestThatFits(best.length, order.length, fits))
}

/** Best first; equals in their order. */
function rankedUnits(layer: string, scores: ArrayLike<number>): Ranked[] {
  return Array.from(scores, (score, unit) => ({ layer, unit, score })).sort((a, b) => b.score - a.score)
}

function unitsByLayer(layers: readonly UnitLayer[], units: readonly Ranked[]): KeptUnits {
  const ofLayer = (name: string) => units.filter(({ layer }) => layer === name).map(({ unit }) => unit)
  return Object.fromEntries(layers.map(({ name }) => [name, ofLayer(name).sort((a, b) => a - b)]))
}

/** @param fits true up to some number; taken to be so for `least` */
function largestThatFits(least: number, most: number, fits: (count: number) => boolean): number {
  let [low, high] = [least, most]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** The smaller network: its units, weights or multiply-adds. */
export function networkCost(architecture: Architecture, kept: KeptUnits, measure: BudgetMeasure): number {
  const counts = Object.fromEntries(Object.entries(kept).map(([layer, units]) => [layer, units.length]))
  if (measure === 'units') return Object.values(counts).reduce((sum, count) => sum + count, 0)
  const { params, macs } = describeArchitecture(withUnits(architecture, counts))
  return measure === 'params' ? params : macs
}
