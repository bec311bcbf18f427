// The update ops work on a variable in place. What holds the old value must keep it, and what reads the new one must wait.
import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { compileStep } from './compile-step.ts'
import { adamUpdate, descentUpdate, momentumUpdate } from './optimizer-updates.ts'
import { recordStep } from './record-step.ts'
import { stepGraph } from './step-graph.ts'
import type { Scalar, Tensor, Variable } from './tf.ts'

afterEach(() => tf.disposeVariables())

type Inputs = Record<string, Tensor>
const SIZE = 64

function state() {
  const weight = tf.variable(randomTensor(tf, [SIZE], 1))
  const velocity = tf.variable(tf.zeros([SIZE]))
  return { weight, velocity, variables: [weight, velocity] }
}

/** One momentum update of what `state` made. */
function move({ weight, velocity }: ReturnType<typeof state>, { g, rate }: Inputs, nesterov = false): void {
  const input = { weight, velocity, gradient: g as Tensor, rate: rate as Scalar, momentum: 0.9, nesterov }
  const moved = momentumUpdate(tf, input)
  weight.assign(moved.weight)
  velocity.assign(moved.velocity)
}

const inputsOf = (i: number) => ({ g: randomTensor(tf, [SIZE], 10 + i), rate: tf.scalar(0.1 / (i + 1)) })

/** Ops of the compiled step. */
function opsOf(step: (inputs: Inputs) => Inputs, variables: Variable[]): string[] {
  return tf.tidy(() => {
    const recording = recordStep({ tf, name: 'ops', step, inputs: inputsOf(0), variables, ownInputs: true })
    return stepGraph(recording).nodes.map(({ op }) => op)
  })
}

/** Outputs of twenty steps and the variables after them. */
function values(step: (inputs: Inputs) => Inputs, variables: Variable[], compiled: boolean): number[][] {
  const inputs = inputsOf(0)
  const graph = compiled ? compileStep({ tf, name: 'values', step, inputs, variables }) : undefined
  const outputs = Array.from({ length: 20 }, (_, i) =>
    tf.tidy(() => Object.values(graph?.run(inputsOf(i)) ?? step(inputsOf(i))).flatMap((y) => [...y.dataSync()])),
  )
  graph?.pull()
  graph?.dispose()
  return [...outputs, ...variables.map((variable) => [...variable.dataSync()])]
}

function expectSame(make: () => { step: (inputs: Inputs) => Inputs; variables: Variable[] }): void {
  const [eager, compiled] = [make(), make()]
  const expected = values(eager.step, eager.variables, false)
  values(compiled.step, compiled.variables, true).forEach((row, i) => {
    row.forEach((value, k) => {
      expect(Math.abs(value - (expected[i]?.[k] as number))).toBeLessThan(1e-5)
    })
  })
}

test.each([false, true])('a momentum update is one op, with Nesterov: %s', (nesterov) => {
  const make = () => {
    const made = state()
    const step = (inputs: Inputs) => {
      move(made, inputs, nesterov)
      return {}
    }
    return { step, variables: made.variables }
  }
  const { step, variables } = make()
  const ops = opsOf(step, variables)
  expect(ops).toContain('ResourceApplyMomentum')
  expect(ops.filter((op) => ['Mul', 'Add', 'AddV2', 'Sub'].includes(op))).toEqual([])
  expectSame(make)
})

test('gradient descent and Adam are one op each', () => {
  const made = state()
  const [second, power1, power2] = [tf.variable(tf.zeros([SIZE])), tf.scalar(0.9), tf.scalar(0.999)]
  const descend = ({ g, rate }: Inputs) => {
    made.weight.assign(descentUpdate(tf, { weight: made.weight, gradient: g as Tensor, rate: rate as Scalar }))
    return {}
  }
  const adam = ({ g, rate }: Inputs) => {
    const state = { moment1: made.velocity, moment2: second, power1, power2 }
    const rates = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, gradient: g as Tensor, rate: rate as Scalar }
    const moved = adamUpdate(tf, { weight: made.weight, ...state, ...rates })
    made.weight.assign(moved.weight)
    made.velocity.assign(moved.moment1)
    second.assign(moved.moment2)
    return {}
  }
  expect(opsOf(descend, [made.weight])).toContain('ResourceApplyGradientDescent')
  const ops = opsOf(adam, [...made.variables, second])
  expect(ops).toContain('ResourceApplyAdam')
  expect(ops.filter((op) => op === 'Div' || op === 'RealDiv' || op === 'Square')).toEqual([])
})

test('what reads weights before the update sees the old ones, after it the new ones', () => {
  expectSame(() => {
    const made = state()
    const average = tf.variable(tf.zeros([SIZE]))
    const step = (inputs: Inputs) => {
      const before = tf.sum(made.weight)
      const copy = tf.mul(made.weight, 1)
      move(made, inputs)
      average.assign(tf.add(tf.mul(average, 0.9), tf.mul(made.weight, 0.1)))
      return { before, copy, after: tf.sum(made.weight), whole: made.weight }
    }
    return { step, variables: [...made.variables, average] }
  })
})

test('weights decayed before the update, moved twice, or copied to another variable come out as in the program', () => {
  expectSame(() => {
    const made = state()
    const other = tf.variable(tf.zeros([SIZE]))
    const step = (inputs: Inputs) => {
      made.weight.assign(tf.mul(made.weight, 0.99))
      move(made, inputs)
      move(made, inputs, true)
      other.assign(made.weight)
      return { total: tf.sum(tf.add(other, made.weight)) }
    }
    return { step, variables: [...made.variables, other] }
  })
})

test('a value of which not all was kept is computed as written', () => {
  const make = () => {
    const made = state()
    const step = ({ g, rate }: Inputs) => {
      const input = { ...made, gradient: g as Tensor, rate: rate as Scalar, momentum: 0.9, nesterov: false }
      const moved = momentumUpdate(tf, input)
      made.weight.assign(moved.weight)
      made.velocity.assign(tf.mul(moved.velocity, 0.5))
      return {}
    }
    return { step, variables: made.variables }
  }
  const { step, variables } = make()
  expect(opsOf(step, variables)).not.toContain('ResourceApplyMomentum')
  expectSame(make)
})

test('pulled and fetched values stay as they are when the session goes on', () => {
  const made = state()
  const step = (inputs: Inputs) => {
    move(made, inputs)
    return { weight: made.weight }
  }
  const inputs = inputsOf(0)
  const graph = compileStep({ tf, name: 'held', step, inputs, variables: made.variables })
  const fetched = graph.run(inputs)['weight'] as Tensor
  graph.pull()
  const held = made.weight.clone()
  const before = [...held.dataSync()]
  expect([...fetched.dataSync()]).toEqual(before)
  for (let i = 0; i < 5; i++) graph.run(inputs)['weight']?.dispose()
  const native = [tf.add(held, 0), tf.add(fetched, 0), tf.add(made.weight, 0)]
  for (const tensor of native) expect([...tensor.dataSync()]).toEqual(before)
  graph.pull()
  expect([...made.weight.dataSync()]).not.toEqual(before)
  graph.dispose()
})
