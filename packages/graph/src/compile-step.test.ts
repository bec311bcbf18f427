import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { compileStep } from './compile-step.ts'
import type { CompiledStep, CompileOptions } from './compiled-step.ts'
import { GraphError } from './graph-error.ts'
import type { Tensor, Variable } from './tf.ts'

const open: CompiledStep[] = []
afterEach(() => {
  for (const step of open.splice(0)) step.dispose()
  tf.disposeVariables()
})

function compile(options: Omit<CompileOptions, 'tf' | 'name'>): CompiledStep {
  const step = compileStep({ tf, name: 'test', ...options })
  open.push(step)
  return step
}

/** Runs with scalars and gives numbers. */
function numbers(step: CompiledStep, inputs: Record<string, number> = {}): Record<string, number> {
  return tf.tidy(() => {
    const results = step.run(Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, tf.scalar(value)])))
    return Object.fromEntries(Object.entries(results).map(([key, tensor]) => [key, tensor.dataSync()[0] as number]))
  })
}

const increment = (w: Variable) => {
  w.assign(w.add(1))
  return { w }
}

const value = (tensor: Tensor) => tensor.dataSync()[0]

test('a variable read after an assignment has the new value, as in the program', () => {
  const a = tf.variable(tf.scalar(1))
  const step = compile({
    variables: [a],
    inputs: { x: tf.scalar(0) },
    step: ({ x }) => {
      const before = a.add(0)
      a.assign(a.mul(2).add(x as Tensor))
      const between = a.mul(10)
      a.assign(a.add(1))
      return { before, between, after: a.mul(10) }
    },
  })
  expect(numbers(step, { x: 3 })).toEqual({ before: 1, between: 50, after: 60 })
  expect(numbers(step, { x: 0 })).toEqual({ before: 6, between: 120, after: 130 })
  step.pull()
  expect(value(a)).toBe(13)
})

test('two variables can swap their values', () => {
  const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(2))]
  const step = compile({
    variables: [a, b],
    inputs: {},
    step: () => {
      const held = a.clone()
      a.assign(b)
      b.assign(held)
      return {}
    },
  })
  for (let i = 0; i < 3; i++) step.run({})
  step.pull()
  expect([value(a), value(b)]).toEqual([2, 1])
})

test('two variables made from one tensor stay two variables', () => {
  const start = tf.scalar(5)
  const [weight, average] = [tf.variable(start), tf.variable(start)]
  const step = compile({
    variables: [weight, average],
    inputs: {},
    step: () => {
      weight.assign(weight.add(1))
      average.assign(average.mul(0.5).add(weight.mul(0.5)))
      return { weight, average }
    },
  })
  expect(numbers(step)).toEqual({ weight: 6, average: 5.5 })
  expect(numbers(step)).toEqual({ weight: 7, average: 6.25 })
})

test('one tensor as two inputs is two inputs', () => {
  const x = tf.scalar(3)
  const step = compile({
    variables: [],
    inputs: { a: x, b: x },
    step: ({ a, b }) => ({ difference: tf.sub(a as Tensor, b as Tensor) }),
  })
  expect(numbers(step, { a: 9, b: 4 })).toEqual({ difference: 5 })
})

test('an assignment that no output needs still happens', () => {
  const count = tf.variable(tf.scalar(0))
  const step = compile({
    variables: [count],
    inputs: { x: tf.scalar(0) },
    step: ({ x }) => {
      count.assign(count.add(1))
      return { same: x as Tensor }
    },
  })
  for (let i = 0; i < 5; i++) expect(numbers(step, { x: i })).toEqual({ same: i })
  step.pull()
  expect(value(count)).toBe(5)
})

/** Views of one buffer at every alignment: TensorFlow works on an aligned one in place. */
function views(): Float32Array[] {
  const buffer = new ArrayBuffer(256)
  return Array.from({ length: 16 }, (_, i) => new Float32Array(buffer, i * 4, 4).fill(i))
}

test('a variable never holds on to memory of JavaScript', () => {
  const bank = tf.variable(tf.zeros([4]))
  const step = compile({
    variables: [bank],
    inputs: { x: tf.zeros([4]) },
    step: ({ x }) => {
      bank.assign(x as Tensor)
      return {}
    },
  })
  const feed = (x: Tensor) => void step.run({ x })
  const push = (x: Tensor) => {
    bank.assign(x)
    step.push()
  }
  for (const hand of [feed, push]) {
    for (const data of views()) {
      data.set([1, 2, 3, 4])
      tf.tidy(() => hand(tf.tensor1d(data)))
      data.fill(9)
      step.pull()
      expect([...bank.dataSync()]).toEqual([1, 2, 3, 4])
    }
  }
})

test('what a step does not list is a constant with the value it had', () => {
  const frozen = tf.variable(tf.scalar(2))
  const outside = tf.scalar(10)
  const step = compile({
    variables: [],
    inputs: { x: tf.scalar(0) },
    step: ({ x }) => ({ y: tf.add(tf.mul(x as Tensor, frozen), outside) }),
  })
  frozen.assign(tf.scalar(100))
  outside.dispose()
  expect(numbers(step, { x: 3 })).toEqual({ y: 16 })
})

test('push hands new values to the session and pull brings them back bit for bit', () => {
  const w = tf.variable(tf.tensor1d([0.1, -0, 3e-41]))
  const step = compile({
    variables: [w],
    inputs: {},
    step: () => {
      const old = w.clone()
      w.assign(w.add(1))
      return { old }
    },
  })
  const values = new Float32Array([1e-7, Math.fround(Math.PI), -0])
  w.assign(tf.tensor1d(values))
  step.push()
  const { old } = step.run({})
  expect(Object.is((old as Tensor).dataSync()[2], -0)).toBe(true)
  expect([...(old as Tensor).dataSync()]).toEqual([...values])
  step.push()
  step.run({})
  step.pull()
  expect([...w.dataSync()]).toEqual([...values].map((v) => Math.fround(v + 1)))
})

test('changing a pulled variable leaves the session alone until push', () => {
  const w = tf.variable(tf.scalar(1))
  const step = compile({ variables: [w], inputs: {}, step: () => increment(w) })
  step.run({})
  step.pull()
  w.assign(tf.scalar(50))
  expect(numbers(step)).toEqual({ w: 3 })
  step.pull()
  expect(value(w)).toBe(3)
})

test('other shapes, dtypes and names of inputs are refused with what was expected', () => {
  const step = compile({
    variables: [],
    inputs: { x: tf.zeros([2, 3]) },
    step: ({ x }) => ({ y: tf.neg(x as Tensor) }),
  })
  expect(() => step.run({ x: tf.zeros([4, 3]) })).toThrow(
    /'x'.*'test'.*expected float32 \[2, 3\], received float32 \[4, 3\]/,
  )
  expect(() => step.run({ x: tf.zeros([2, 3], 'int32') })).toThrow(/received int32 \[2, 3\]/)
  expect(() => step.run({})).toThrow(/expected float32 \[2, 3\], received nothing/)
  expect(() => step.run({ x: tf.zeros([2, 3]), z: tf.zeros([1]) })).toThrow(/without an input 'z'.*Its inputs: x/)
})

test('a disposed step says so, and disposing twice is harmless', () => {
  const step = compile({ variables: [], inputs: {}, step: () => ({ one: tf.scalar(1) }) })
  expect(numbers(step)).toEqual({ one: 1 })
  step.dispose()
  step.dispose()
  expect(() => step.run({})).toThrow(GraphError)
})

test('two hundred runs leave no tensor behind, in tfjs or in TensorFlow', () => {
  const native = (tf.backend() as unknown as { binding: { getNumOfTensors(): number } }).binding
  const w = tf.tidy(() => tf.variable(tf.ones([8, 8])))
  const x = tf.ones([4, 8])
  tf.dispose([tf.neg(w), tf.neg(x)])
  const start = [tf.memory().numTensors, native.getNumOfTensors()]
  const train = ({ x }: Record<string, Tensor>) => {
    const { value: loss, grads } = tf.variableGrads(
      () =>
        tf
          .matMul(x as Tensor, w)
          .square()
          .mean(),
      [w],
    )
    w.assign(w.sub((grads[w.name] as Tensor).mul(0.1)))
    return { loss }
  }
  const step = compileStep({ tf, name: 'leak', variables: [w], inputs: { x }, step: train })
  for (let i = 0; i < 200; i++) tf.dispose(step.run({ x }))
  for (let i = 0; i < 20; i++) step.pull()
  for (let i = 0; i < 20; i++) step.push()
  step.dispose()
  expect([tf.memory().numTensors, native.getNumOfTensors()]).toEqual(start)
})
