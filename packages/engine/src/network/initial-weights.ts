// Initial weights as a function of (seed, role, layer, weight): the same on every run, machine and order of building.
import type { Initializer } from '../contracts/architecture.ts'
import { randomKey } from '../random/random-key.ts'
import { type RandomStream, randomStream } from '../random/random-stream.ts'

export interface InitialWeights {
  /** Shape of the kernel as tfjs has it: [kh, kw, in, out], [kh, kw, in, 1] (depthwise) or [in, out]. */
  readonly shape: readonly number[]
  readonly init: Initializer
  readonly depthwise: boolean
  readonly seed: number
  /** Role of the network, then the layer's name. */
  readonly place: readonly string[]
}

/**
 * He et al. 2015 (normal, variance 2 / fan-in), Glorot & Bengio 2010 (uniform, variance 2 / (fan-in + fan-out)),
 * LeCun et al. 1998 (normal, variance 1 / fan-in).
 */
export function initialWeights({ shape, init, depthwise, seed, place }: InitialWeights): Float32Array {
  const size = shape.reduce((product, axis) => product * axis, 1)
  const values = new Float32Array(size)
  if (init === 'zeros') return values
  const draw = drawer(init, fans(shape, depthwise), randomStream(randomKey(seed, 'weights', ...place)))
  for (let i = 0; i < size; i++) values[i] = draw()
  return values
}

function fans(shape: readonly number[], depthwise: boolean): { fanIn: number; fanOut: number } {
  const field = shape.slice(0, -2).reduce((product, axis) => product * axis, 1)
  const [inputs = 1, outputs = 1] = shape.slice(-2)
  return depthwise ? { fanIn: field, fanOut: field } : { fanIn: field * inputs, fanOut: field * outputs }
}

function drawer(init: Exclude<Initializer, 'zeros'>, { fanIn, fanOut }: ReturnType<typeof fans>, random: RandomStream) {
  if (init === 'glorot') {
    const limit = Math.sqrt(6 / (fanIn + fanOut))
    return () => (2 * random.uniform() - 1) * limit
  }
  const deviation = Math.sqrt((init === 'he' ? 2 : 1) / fanIn)
  return () => random.normal() * deviation
}
