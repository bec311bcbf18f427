// Initial weights as a function of (seed, role, layer, weight): the same on every run, machine and order of building.
import type { Initializer } from '../contracts/architecture.ts'
import { randomKey } from '../random/random-key.ts'
import { type RandomStream, randomStream } from '../random/random-stream.ts'

/** Which axes of a kernel are inputs and outputs: those of a depthwise and of a transposed kernel are not the usual ones. */
export type KernelKind = 'plain' | 'depthwise' | 'transposed'

export interface InitialWeights {
  /** Shape of the kernel as tfjs has it: [kh, kw, in, out], [kh, kw, in, 1], [kh, kw, out, in] or [in, out]. */
  readonly shape: readonly number[]
  readonly init: Initializer
  readonly kernel: KernelKind
  readonly seed: number
  /** Role of the network, then the layer's name. */
  readonly place: readonly string[]
}

/**
 * He et al. 2015 (normal, variance 2 / fan-in, or 2 / fan-out for `heOut`), Glorot & Bengio 2010 (uniform, variance 2 / (fan-in + fan-out)),
 * LeCun et al. 1998 (normal, variance 1 / fan-in), and `small` (normal, deviation 0.01), as classifiers after batch norm
 * start in the code of several papers.
 */
export function initialWeights({ shape, init, kernel, seed, place }: InitialWeights): Float32Array {
  const size = shape.reduce((product, axis) => product * axis, 1)
  const values = new Float32Array(size)
  if (init === 'zeros') return values
  const draw = drawer(init, fans(shape, kernel), randomStream(randomKey(seed, 'weights', ...place)))
  for (let i = 0; i < size; i++) values[i] = draw()
  return values
}

function fans(shape: readonly number[], kernel: KernelKind): { fanIn: number; fanOut: number } {
  const field = shape.slice(0, -2).reduce((product, axis) => product * axis, 1)
  const [third = 1, last = 1] = shape.slice(-2)
  if (kernel === 'depthwise') return { fanIn: field, fanOut: field }
  const [inputs, outputs] = kernel === 'transposed' ? [last, third] : [third, last]
  return { fanIn: field * inputs, fanOut: field * outputs }
}

function drawer(init: Exclude<Initializer, 'zeros'>, { fanIn, fanOut }: ReturnType<typeof fans>, random: RandomStream) {
  if (init === 'glorot') {
    const limit = Math.sqrt(6 / (fanIn + fanOut))
    return () => (2 * random.uniform() - 1) * limit
  }
  const deviation = {
    he: Math.sqrt(2 / fanIn),
    heOut: Math.sqrt(2 / fanOut),
    lecun: Math.sqrt(1 / fanIn),
    small: 0.01,
  }[init]
  return () => random.normal() * deviation
}
