// Every optimiser with every option, traced: the same numbers as eager, and run after run the same bits.
import { compileStep, installNativeKernels } from '@stillhouse/graph'
import type { OptimizerSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import type { Scalar, Tensor, Variable } from '../contracts/tf.ts'
import { tf } from '../testing/native-tf.ts'
import { type CreateOptimizer, createOptimizer } from './create-optimizer.ts'

const STEPS = 20
installNativeKernels(tf)

const numbers = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(1 + seed + 2.7 * i))
const batchOf = (step: number) => ({ x: tf.tensor2d(numbers(24, step), [6, 4]), rate: tf.scalar(0.02 + 0.001 * step) })

type Options = Pick<CreateOptimizer, 'spec' | 'accumulate'> & { readonly grouped?: boolean }

/** A two-layer regression and its optimiser. */
function training({ spec, accumulate = 1, grouped = false }: Options) {
  const variables: Variable[] = [
    tf.variable(tf.tensor2d(numbers(32, 3), [4, 8])),
    tf.variable(tf.tensor1d(numbers(8, 5))),
    tf.variable(tf.tensor2d(numbers(8, 9), [8, 1])),
  ]
  const groups = grouped ? [{ variables: variables.slice(1, 2), learningRate: 3, weightDecay: 0.2 }] : []
  const optimizer = createOptimizer({ tf, spec, variables, groups, accumulate })
  const step = ({ x, rate }: Record<string, Tensor>) => {
    const [first, bias, second] = variables as unknown as [Tensor, Tensor, Tensor]
    const answer = () => tf.matMul(tf.tanh(tf.add(tf.matMul(x as Tensor, first), bias)) as never, second as never)
    const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.sub(answer(), 1))) as Scalar, variables)
    optimizer.apply(
      variables.map(({ name }) => grads[name]),
      rate as Scalar,
    )
    return { loss: value }
  }
  const state = [...variables, ...optimizer.slots.values()]
  const values = () => state.map((variable) => [...variable.dataSync()])
  const dispose = () => {
    optimizer.dispose()
    tf.dispose(variables)
  }
  return { step, state, values, dispose }
}

function eager(options: Options): number[][] {
  const { step, values, dispose } = training(options)
  for (let i = 0; i < STEPS; i++) tf.tidy(() => void step(batchOf(i)))
  const result = values()
  dispose()
  return result
}

function compiled(options: Options): number[][] {
  const { step, state, values, dispose } = training(options)
  const inputs = batchOf(0)
  const graph = compileStep({ tf, step, inputs, variables: state, name: options.spec.name })
  for (let i = 0; i < STEPS; i++) tf.tidy(() => void graph.run(batchOf(i)))
  graph.pull()
  graph.dispose()
  const result = values()
  dispose()
  return result
}

const all = { weightDecay: 0.05, clipNorm: 0.3, decayNormAndBias: true, learningRate: 0.02 }
const SPECS: OptimizerSpec[] = [
  { name: 'sgd', learningRate: 0.02 },
  { ...all, name: 'sgd' },
  { name: 'sgd', learningRate: 0.02, momentum: 0.9 },
  { ...all, name: 'sgd', momentum: 0.9 },
  { name: 'sgd', learningRate: 0.02, momentum: 0.9, nesterov: true },
  { ...all, name: 'sgd', momentum: 0.9, nesterov: true },
  { name: 'adam', learningRate: 0.02 },
  { ...all, name: 'adam', beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
  { name: 'adamw', learningRate: 0.02 },
  { ...all, name: 'adamw' },
  { name: 'rmsprop', learningRate: 0.02 },
  { ...all, name: 'rmsprop', momentum: 0.7, decay: 0.8 },
]
const named = (spec: OptimizerSpec) =>
  Object.entries(spec)
    .map(([key, value]) => (key === 'name' ? value : `${key} ${value}`))
    .join(', ')

function expectClose(actual: number[][], expected: number[][]): void {
  actual.forEach((values, i) => {
    values.forEach((value, k) => {
      expect(Math.abs(value - (expected[i]?.[k] as number))).toBeLessThan(2e-5)
    })
  })
  expect(actual.flat().every(Number.isFinite)).toBe(true)
}

describe('compiled optimisers', () => {
  it.each(SPECS.map((spec) => [named(spec), spec] as const))('equal the eager ones after 20 steps: %s', (_, spec) => {
    expectClose(compiled({ spec }), eager({ spec }))
  })

  it.each(SPECS.filter(({ clipNorm }) => clipNorm !== undefined).map((spec) => [named(spec), spec] as const))(
    'equal the eager ones with groups and accumulation: %s',
    (_, spec) => {
      const options = { spec, grouped: true, accumulate: 3 }
      expectClose(compiled(options), eager(options))
    },
  )

  it('give the same bits in every run', () => {
    const options = { spec: { ...all, name: 'adamw' }, grouped: true } as const
    expect(compiled(options)).toEqual(compiled(options))
  })
})
