// Gaussian noise for whole samples: a normal number takes about one random word and one multiplication, where drawing
// them one by one takes a logarithm, a root and a sine.
import type { RandomKey } from './random-key.ts'
import { threefry } from './threefry.ts'

// The ziggurat of Marsaglia & Tsang 2000 as Doornik 2005 gives it, with 128 layers: bits of one word that choose layer
// and value are different ones.
const LAYERS = 128
const TAIL = 3.442619855899
const AREA = 9.91256303526217e-3
/** Right ends of the layers, the widest first. */
const EDGES = new Float64Array(LAYERS + 1)
/** Share of each layer that lies under the curve whatever the height. */
const INSIDE = new Float64Array(LAYERS)
EDGES[0] = AREA * Math.exp(0.5 * TAIL * TAIL)
EDGES[1] = TAIL
for (let i = 2; i < LAYERS; i++) {
  const last = EDGES[i - 1] as number
  EDGES[i] = Math.sqrt(-2 * Math.log(AREA / last + Math.exp(-0.5 * last * last)))
}
for (let i = 0; i < LAYERS; i++) INSIDE[i] = (EDGES[i + 1] as number) / (EDGES[i] as number)

/** Second words of the counters of these draws; those of a `randomStream` have 0, so the same key gives it other words. */
const SURE = 1
const UNSURE = 2

type Words = () => number

/** Adds `deviation` times a standard normal number to every value; which ones is a function of the key alone. */
export function addNormals(values: Float32Array, deviation: number, key: RandomKey): void {
  const block = new Uint32Array(2)
  const more = wordsOf(key)
  for (let i = 0; i < values.length; i++) {
    if (i % 2 === 0) threefry(key, i >> 1, SURE, block)
    const normal = attempt(block[i % 2] as number, more) ?? again(more)
    values[i] = (values[i] as number) + deviation * normal
  }
}

/** Words for what the first word of a number does not settle. */
function wordsOf(key: RandomKey): Words {
  const block = new Uint32Array(2)
  let counter = 0
  return () => {
    threefry(key, counter++, UNSURE, block)
    return block[0] as number
  }
}

function again(more: Words): number {
  for (;;) {
    const normal = attempt(more(), more)
    if (normal !== undefined) return normal
  }
}

function attempt(bits: number, more: Words): number | undefined {
  const layer = bits & (LAYERS - 1)
  const share = ((bits >> 7) + 0.5) / 2 ** 24
  const value = share * (EDGES[layer] as number)
  return Math.abs(share) < (INSIDE[layer] as number) ? value : beyond(layer, value, more)
}

/** The hundredth draw or so that falls outside a layer's sure part. @returns undefined when it is refused */
function beyond(layer: number, value: number, more: Words): number | undefined {
  if (layer === 0) return value < 0 ? -tail(more) : tail(more)
  const upper = Math.exp(-0.5 * ((EDGES[layer] as number) ** 2 - value * value))
  const lower = Math.exp(-0.5 * ((EDGES[layer + 1] as number) ** 2 - value * value))
  return lower + uniform(more) * (upper - lower) < 1 ? value : undefined
}

function tail(more: Words): number {
  for (;;) {
    const x = -Math.log(uniform(more)) / TAIL
    if (-2 * Math.log(uniform(more)) >= x * x) return TAIL + x
  }
}

/** In (0, 1). */
function uniform(more: Words): number {
  return (more() + 0.5) / 2 ** 32
}
