import { expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { compileStep } from './compile-step.ts'
import { executeOp, type Op } from './execute-op.ts'
import type { Tensor } from './tf.ts'

const F32 = { T: { type: 'float32' } } as const
const x = tf.tensor2d([
  [1, -2, 3],
  [4, 5, -6],
])
const image = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1])

const ops: Record<string, { op: Op; values: number[] }> = {
  'a type': { op: { op: 'Softsign', attrs: F32, inputs: [x] }, values: [0.5, -2 / 3, 0.75, 0.8, 5 / 6, -6 / 7] },
  'a list of ints and a string': {
    op: {
      op: 'ExtractImagePatches',
      attrs: {
        ...F32,
        ksizes: { int: [1, 2, 2, 1] },
        strides: { int: [1, 2, 2, 1] },
        rates: { int: [1, 1, 1, 1] },
        padding: { string: 'VALID' },
      },
      inputs: [image],
    },
    values: [1, 2, 3, 4],
  },
  'a float': {
    op: { op: 'LeakyRelu', attrs: { ...F32, alpha: { float: 0.5 } }, inputs: [x] },
    values: [1, -1, 3, 4, 5, -3],
  },
  'a bool and an int': {
    op: {
      op: 'QuantizeAndDequantizeV2',
      attrs: { ...F32, signed_input: { bool: true }, num_bits: { int: 3 }, range_given: { bool: true } },
      inputs: [x, tf.scalar(-4), tf.scalar(3)],
    },
    values: [1, -2, 3, 3, 3, -4],
  },
  'a shape': {
    op: { op: 'EnsureShape', attrs: { ...F32, shape: { shape: [2, -1] } }, inputs: [x] },
    values: [1, -2, 3, 4, 5, -6],
  },
}

test.each(Object.entries(ops))('an op with %s runs eagerly and compiled', (_, { op, values }) => {
  const eager = executeOp(tf, op)[0] as Tensor
  const step = (inputs: Record<string, Tensor>) => ({
    y: executeOp(tf, { ...op, inputs: Object.values(inputs) })[0] as Tensor,
  })
  const inputs = Object.fromEntries(op.inputs.map((tensor, i) => [`i${i}`, tensor]))
  const compiled = compileStep({ tf, name: 'op', step, inputs, variables: [] })
  const traced = compiled.run(inputs)['y'] as Tensor
  compiled.dispose()
  values.forEach((value, i) => {
    expect(eager.dataSync()[i]).toBeCloseTo(value, 5)
    expect(traced.dataSync()[i]).toBeCloseTo(value, 5)
  })
})

test('every output of an op comes back', () => {
  const [values, indices] = executeOp(tf, { op: 'TopKV2', attrs: F32, inputs: [x, tf.scalar(1, 'int32')], outputs: 2 })
  expect([...(values as Tensor).dataSync()]).toEqual([3, 5])
  expect([...(indices as Tensor).dataSync()]).toEqual([2, 1])
})

test('TensorFlow’s own complaint is passed on', () => {
  expect(() => executeOp(tf, { op: 'NoSuchOp', attrs: {}, inputs: [] })).toThrow(/NoSuchOp/)
  expect(() => executeOp(tf, { op: 'MatMul', attrs: F32, inputs: [x, x] })).toThrow(/MatMul|incompatible|size/i)
})

test('another backend is refused with the way out', async () => {
  await tf.setBackend('cpu')
  try {
    expect(() => executeOp(tf, { op: 'Relu', attrs: F32, inputs: [x] })).toThrow(
      /backend is 'cpu'.*setBackend\('tensorflow'\)/,
    )
  } finally {
    await tf.setBackend('tensorflow')
  }
})
