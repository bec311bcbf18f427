import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { GraphError } from './graph-error.ts'
import { recordStep } from './record-step.ts'
import type { Tensor, Variable } from './tf.ts'

afterEach(() => tf.disposeVariables())

interface Attempt {
  readonly variables?: Variable[]
  readonly step: (x: Tensor) => Record<string, Tensor> | undefined
}

function record({ variables = [], step }: Attempt) {
  const x = tf.tensor1d([1, 2, 3])
  try {
    const run = (inputs: Record<string, Tensor>) => step(inputs['x'] as Tensor) as Record<string, Tensor>
    return recordStep({ tf, name: 'kd', inputs: { x }, variables, step: run, ownInputs: true })
  } finally {
    x.dispose()
  }
}

const bits = (variable: Variable) => Buffer.from(variable.dataSync().buffer).toString('hex')

test('recording leaves every variable bit for bit as it was, on its own buffer', () => {
  const w = tf.variable(tf.tensor1d([0.1, 0.2, -0]))
  const lazy = tf.variable(tf.tensor1d([1, 2, 3]))
  const before = [bits(w), bits(lazy), w.dataId, lazy.dataId, tf.memory().numTensors]
  record({
    variables: [w, lazy],
    step: (x) => {
      w.assign(w.add(x))
      lazy.assign(w.mul(2))
      return { y: w.sum() }
    },
  })
  expect([bits(w), bits(lazy), w.dataId, lazy.dataId, tf.memory().numTensors]).toEqual(before)
})

test('a step that throws is given back its own error, and its variables', () => {
  const w = tf.variable(tf.scalar(1))
  const tensors = tf.memory().numTensors
  const fails = () => {
    w.assign(tf.scalar(2))
    throw new RangeError('mine')
  }
  expect(() => record({ variables: [w], step: fails })).toThrow(RangeError)
  expect(w.dataSync()[0]).toBe(1)
  expect(tf.memory().numTensors).toBe(tensors)
  expect(tf.add(w, 1).dataSync()[0]).toBe(2)
  expect(Math.random()).toBeLessThan(1)
})

const reading = (read: (x: Tensor) => unknown) => (x: Tensor) => {
  read(x)
  return { y: x }
}

const refused: [string, Attempt['step'], RegExp][] = [
  [
    'dataSync',
    (x) => ({ y: x.mul(x.square().sum().dataSync()[0] as number) }),
    /'kd' cannot be traced.*value of a result of Sum/,
  ],
  [
    'arraySync of an input',
    (x) => ({ y: x.mul((x.arraySync() as number[])[0] as number) }),
    /reads a value of one of its inputs/,
  ],
  ['data', reading((x) => x.square().data()), /'kd' cannot be traced: it reads a value/],
  ['array', reading((x) => x.square().array()), /'kd' cannot be traced: it reads a value/],
  ['Math.random', (x) => ({ y: x.mul(Math.random()) }), /random numbers in JavaScript/],
  [
    'an unseeded tf.randomNormal',
    (x) => ({ y: x.add(tf.randomNormal([3])) }),
    /Use statelessUniform or statelessNormal/,
  ],
  ['an unseeded tf.dropout', (x) => ({ y: tf.dropout(x, 0.5) }), /random numbers in JavaScript/],
  ['a seeded tf.multinomial', (x) => ({ y: tf.multinomial(x as never, 2, 7) }), /Multinomial draws random numbers/],
  ['a kept tensor', (x) => ({ y: tf.keep(x.square()).sum() }), /keeps 1 tensors/],
  ['a new variable', (x) => ({ y: tf.variable(x.square(), true, 'fresh').sum() }), /makes 'fresh'/],
  ['a number as output', (x) => ({ y: x, z: 3 as never }), /Output 'z' of step 'kd' is not a tensor but number/],
  ['a string tensor', (x) => ({ y: x, z: tf.tensor1d(['a']) }), /string tensor/],
]

test.each(refused)('%s in a step is refused', (_, step, message) => {
  const before = Object.keys(tf.engine().registeredVariables)
  expect(() => record({ step })).toThrow(message)
  expect(Object.keys(tf.engine().registeredVariables)).toEqual(before)
})

test.each<[string, Attempt['step']]>([
  ['a read', (x) => ({ y: x.mul(x.sum().dataSync()[0] as number) })],
  ['an asynchronous read', reading((x) => x.square().data())],
  ['a draw of tfjs', (x) => ({ y: tf.dropout(x, 0.5) })],
  ['a draw of TensorFlow', (x) => ({ y: tf.multinomial(x as never, 2, 7) })],
])('%s is refused with the place in the step', (_, step) => {
  expect(() => record({ step })).toThrow(/ at \S*record-step\.test\.ts:\d+:\d+[ ,.]/)
})

test('an asynchronous step is refused without an unhandled rejection', async () => {
  const step = async (x: Tensor) => ({ y: x.mul(((await x.array()) as number[])[0] as number) })
  expect(() => record({ step: step as never })).toThrow(/asynchronous/)
  await new Promise((resolve) => setTimeout(resolve, 10))
})

test('a variable that changes without being listed is named and put back', () => {
  const hidden = tf.variable(tf.scalar(1), true, 'hidden')
  const step = (x: Tensor) => {
    hidden.assign(tf.scalar(2))
    return { y: x }
  }
  expect(() => record({ step })).toThrow(/it changes 'hidden'/)
  expect(hidden.dataSync()[0]).toBe(1)
})

test('a disposed variable is named', () => {
  const w = tf.variable(tf.scalar(1), true, 'gone')
  w.dispose()
  expect(() => record({ variables: [w], step: (x) => ({ y: x }) })).toThrow(/variable 'gone' is disposed/)
})

test('values that are constants of the step may be read', () => {
  expect(() => record({ step: (x) => ({ y: x.mul(tf.scalar(3).dataSync()[0] as number) }) })).not.toThrow()
})

test('recording needs native TensorFlow and says so', async () => {
  await tf.setBackend('cpu')
  try {
    expect(() => record({ step: (x) => ({ y: x }) })).toThrow(GraphError)
  } finally {
    await tf.setBackend('tensorflow')
  }
})
