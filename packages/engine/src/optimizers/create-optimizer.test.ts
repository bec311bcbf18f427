import type { OptimizerSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import type { Scalar, Variable } from '../contracts/tf.ts'
import { tf } from '../testing/native-tf.ts'
import { createOptimizer } from './create-optimizer.ts'

const KERNEL = [0.5, -1, 2, 0.25]
const BIAS = [0.1, -0.2]
/** Gradients of three steps, kernel then bias. */
const GRADIENTS = [
  [0.3, -0.4, 1, 0, 0.5, -0.5],
  [-0.2, 0.1, 0.7, 0.9, 0, 1.5],
  [0.05, -0.6, -0.3, 0.2, 0.4, 0.1],
]

/** Three steps of the optimiser. @returns all weights, kernel then bias */
function optimise(spec: OptimizerSpec, without: 'bias' | null = null): number[] {
  const variables: Variable[] = [tf.variable(tf.tensor2d(KERNEL, [2, 2])), tf.variable(tf.tensor1d(BIAS))]
  const optimizer = createOptimizer({ tf, spec, variables })
  for (const gradient of GRADIENTS)
    tf.tidy(() => {
      const bias = without === 'bias' ? undefined : tf.tensor1d(gradient.slice(4))
      optimizer.apply([tf.tensor2d(gradient.slice(0, 4), [2, 2]), bias], tf.scalar(spec.learningRate) as Scalar)
    })
  const weights = variables.flatMap((variable) => [...variable.dataSync()])
  optimizer.dispose()
  return weights
}

type Weight = { w: number; g: number; t: number; slots: Record<string, number> }
/** The formula of the paper on one weight, in doubles. */
function reference(rule: (weight: Weight) => number, gradients: readonly (readonly number[])[] = GRADIENTS): number[] {
  return [...KERNEL, ...BIAS].map((initial, i) => {
    const slots: Record<string, number> = {}
    return gradients.reduce((w, step, t) => rule({ w, g: step[i] as number, t: t + 1, slots }), initial)
  })
}

function adam({ w, g, t, slots }: Weight, rate: number, [beta1, beta2] = [0.9, 0.999]): number {
  slots['m'] = beta1 * (slots['m'] ?? 0) + (1 - beta1) * g
  slots['v'] = beta2 * (slots['v'] ?? 0) + (1 - beta2) * g ** 2
  return w - (rate * (slots['m'] / (1 - beta1 ** t))) / (Math.sqrt(slots['v'] / (1 - beta2 ** t)) + 1e-8)
}

function expectClose(actual: number[], expected: number[]) {
  expect(actual.length).toBe(expected.length)
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] as number, 5)
  })
}

describe('optimisers', () => {
  it('sgd steps against the gradient', () => {
    expectClose(
      optimise({ name: 'sgd', learningRate: 0.1 }),
      reference(({ w, g }) => w - 0.1 * g),
    )
  })

  it.each([false, true])('sgd keeps a velocity, with Nesterov look-ahead: %s', (nesterov) => {
    const expected = reference(({ w, g, slots }) => {
      slots['v'] = 0.9 * (slots['v'] ?? 0) + g
      return w - 0.1 * (nesterov ? g + 0.9 * slots['v'] : slots['v'])
    })
    expectClose(optimise({ name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov }), expected)
  })

  it('adam corrects both moments for their start at zero', () => {
    expectClose(
      optimise({ name: 'adam', learningRate: 0.01 }),
      reference((weight) => adam(weight, 0.01)),
    )
    const betas = { beta1: 0.5, beta2: 0.9 }
    expectClose(
      optimise({ name: 'adam', learningRate: 0.01, ...betas }),
      reference((weight) => adam(weight, 0.01, [0.5, 0.9])),
    )
  })

  it('rmsprop divides by the running root mean square, then keeps a velocity', () => {
    const expected = reference(({ w, g, slots }) => {
      slots['s'] = 0.9 * (slots['s'] ?? 0) + 0.1 * g ** 2
      slots['v'] = 0.5 * (slots['v'] ?? 0) + g / (Math.sqrt(slots['s']) + 1e-8)
      return w - 0.01 * slots['v']
    })
    expectClose(optimise({ name: 'rmsprop', learningRate: 0.01, momentum: 0.5 }), expected)
  })

  it('weight decay enters the gradient of kernels and leaves biases alone, unless told otherwise', () => {
    const decayed = (all: boolean) => {
      let weight = -1
      return reference(({ w, g, t }) => {
        if (t === 1) weight += 1
        return w - 0.1 * (g + (all || weight < 4 ? 0.1 * w : 0))
      })
    }
    const spec = { name: 'sgd', learningRate: 0.1, weightDecay: 0.1 } as const
    expectClose(optimise(spec), decayed(false))
    expectClose(optimise({ ...spec, decayNormAndBias: true }), decayed(true))
  })

  it('adamw decays the weights themselves, not the gradient', () => {
    let weight = -1
    const expected = reference((state) => {
      if (state.t === 1) weight += 1
      return adam(state, 0.01) - (weight < 4 ? 0.01 * 0.1 * state.w : 0)
    })
    expectClose(optimise({ name: 'adamw', learningRate: 0.01, weightDecay: 0.1 }), expected)
  })

  it('clips the norm over all weights of the player, and only when it is larger', () => {
    const clipped = GRADIENTS.map((gradient) => {
      const norm = Math.hypot(...gradient)
      return gradient.map((g) => (norm > 1 ? g / norm : g))
    })
    expect(Math.min(...GRADIENTS.map((gradient) => Math.hypot(...gradient)))).toBeLessThan(1)
    expectClose(
      optimise({ name: 'sgd', learningRate: 0.1, clipNorm: 1 }),
      reference(({ w, g }) => w - 0.1 * g, clipped),
    )
  })

  it('leaves a variable without gradient as it is, decay or not', () => {
    const weights = optimise({ name: 'adamw', learningRate: 0.1, weightDecay: 0.1, decayNormAndBias: true }, 'bias')
    expect(weights.slice(4)).toEqual([...Float32Array.from(BIAS)])
  })

  it('moves the weights of a group at a rate and decay of its own', () => {
    const variables: [Variable, Variable] = [tf.variable(tf.tensor2d(KERNEL, [2, 2])), tf.variable(tf.tensor1d(BIAS))]
    const spec = { name: 'sgd', learningRate: 0.1, weightDecay: 0.5 } as const
    const groups = [{ variables: [variables[1]], learningRate: 0.1, weightDecay: 0.2 }]
    const optimizer = createOptimizer({ tf, spec, variables, groups })
    tf.tidy(() => optimizer.apply([tf.ones([2, 2]), tf.ones([2])], tf.scalar(0.1)))
    const moved = (weights: number[], rate: number, decay: number) => weights.map((w) => w - rate * (1 + decay * w))
    expectClose([...variables[0].dataSync()], moved(KERNEL, 0.1, 0.5))
    expectClose([...variables[1].dataSync()], moved(BIAS, 0.01, 0.2))
  })

  it('refuses a group of variables that are not its own, and groups that overlap', () => {
    const [own, other] = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([2]))]
    const make = (...groups: Variable[][]) =>
      createOptimizer({
        tf,
        spec: { name: 'sgd', learningRate: 1 },
        variables: [own],
        groups: groups.map((variables) => ({ variables })),
      })
    expect(() => make([other])).toThrow(`"${other.name}" of a group is not among its variables`)
    expect(() => make([own], [own])).toThrow(`"${own.name}" of a group is in two groups`)
  })

  it('names every slot, the accumulated powers included, and frees them', () => {
    const before = tf.memory().numTensors
    const variables: Variable[] = [tf.variable(tf.zeros([3, 2]))]
    const optimizer = createOptimizer({ tf, spec: { name: 'adam', learningRate: 1 }, variables })
    const shapes = Object.fromEntries([...optimizer.slots].map(([name, { shape }]) => [name, shape]))
    expect(shapes).toEqual({ 'moment1/0': [3, 2], 'moment2/0': [3, 2], beta1Power: [], beta2Power: [] })
    optimizer.dispose()
    tf.dispose(variables)
    expect(tf.memory().numTensors - before).toBe(1)
  })
})
