import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { decode, type Field, messages, text } from '../test/decode-proto.ts'
import { tf } from '../test/native-tf.ts'
import { worst } from '../test/numeric-gradient.ts'
import { randomTensor } from '../test/random-tensor.ts'
import { type SavedModelOptions, writeSavedModel } from './saved-model.ts'
import type { LayersModel, Tensor } from './tf.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-saved-model-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Loader {
  loadSavedModel(dir: string): Promise<{ predict(x: Record<string, Tensor>): Record<string, Tensor>; dispose(): void }>
}
const load = (dir: string) => (tf as unknown as { node: Loader }).node.loadSavedModel(dir)

function convModel(): LayersModel {
  const { layers } = tf
  const stack = [
    layers.conv2d({ inputShape: [12, 12, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
    layers.batchNormalization(),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.depthwiseConv2d({ kernelSize: 3, useBias: false }),
    layers.batchNormalization(),
    layers.reLU({ maxValue: 6 }),
    layers.flatten(),
    layers.dense({ units: 10 }),
  ]
  const model = tf.sequential({ layers: stack })
  model.setWeights(model.getWeights().map((weight, i) => tf.add(tf.mul(randomTensor(tf, weight.shape, i), 0.2), 0.3)))
  return model
}

const x = randomTensor(tf, [5, 12, 12, 1], 77)

function write(dir: string, options: Partial<SavedModelOptions> = {}) {
  const model = convModel()
  const predict = ({ image }: Record<string, Tensor>) => ({ logits: model.apply(image as Tensor) as Tensor })
  writeSavedModel({ tf, dir, inputs: { image: x }, predict, ...options })
  return model
}

test('the binding’s own loader opens it and predicts the same, for any batch size', async () => {
  const model = write(join(folder, 'any'))
  const loaded = await load(join(folder, 'any'))
  for (const batch of [x, tf.slice(x, 0, 1), tf.concat([x, x])]) {
    const expected = model.predict(batch) as Tensor
    const { logits } = loaded.predict({ image: batch })
    expect(logits?.shape).toEqual(expected.shape)
    expect(worst((logits as Tensor).dataSync(), expected.dataSync())).toBeLessThan(1e-4)
  }
  loaded.dispose()
})

test('equal weights give equal bytes', () => {
  for (const name of ['first', 'second']) write(join(folder, name))
  const [first, second] = ['first', 'second'].map((name) => readFileSync(join(folder, name, 'saved_model.pb')))
  expect(readdirSync(join(folder, 'first'))).toEqual(['saved_model.pb'])
  expect(Buffer.compare(first as Buffer, second as Buffer)).toBe(0)
})

/** [name, dtype, sizes] of a TensorInfo in a map entry; −1 is "any". */
function tensorInfo(entry: readonly Field[]) {
  const info = messages(entry, 2)[0] as Field[]
  const dims = messages(messages(info, 3)[0] as Field[], 2)
  const sizes = dims.map((dim) => Number(BigInt.asIntN(64, dim[0]?.value as bigint)))
  return [text(entry, 1), Number(info[1]?.value), sizes]
}

test('the file holds a serving signature with names, types and open batch', () => {
  write(join(folder, 'decoded'), { signature: 'classify' })
  const model = decode(readFileSync(join(folder, 'decoded', 'saved_model.pb')))
  expect(model[0]).toEqual({ field: 1, value: 1n })
  const meta = messages(model, 2)[0] as Field[]
  expect(text(messages(meta, 1)[0] as Field[], 4)).toBe('serve')
  const entry = messages(meta, 5)[0] as Field[]
  const signature = messages(entry, 2)[0] as Field[]
  expect(text(entry, 1)).toBe('classify')
  expect(text(signature, 3)).toBe('tensorflow/serving/predict')
  expect(messages(signature, 1).map(tensorInfo)).toEqual([['image', 1, [-1, 12, 12, 1]]])
  expect(messages(signature, 2).map(tensorInfo)).toEqual([['logits', 1, [-1, 10]]])
  const ops = messages(messages(meta, 2)[0] as Field[], 1).map((node) => text(node, 2))
  expect(ops).toContain('Conv2D')
  expect(ops.filter((op) => op.includes('Variable'))).toEqual([])
})

test('a fixed batch is kept when asked for', async () => {
  const predict = ({ image }: Record<string, Tensor>) => ({ y: tf.tile(tf.reshape(image as Tensor, [5, 144]), [1, 2]) })
  write(join(folder, 'fixed'), { predict, batch: 'fixed' })
  const loaded = await load(join(folder, 'fixed'))
  expect(loaded.predict({ image: x })['y']?.shape).toEqual([5, 288])
  loaded.dispose()
})

const flat = (image: Tensor | undefined) => tf.reshape(image as Tensor, [(image as Tensor).shape[0] as number, 144])
const batchOf = (image: Tensor | undefined) => (image as Tensor).shape[0] as number

test.each<[string, SavedModelOptions['predict'], RegExp]>([
  [
    'counts its batch',
    ({ image }) => ({ y: tf.mul(flat(image), batchOf(image)) }),
    /any batch size: Mul has a constant/,
  ],
  ['goes through its samples', ({ image }) => ({ y: tf.addN(tf.unstack(flat(image))) }), /Unpack depends on it/],
  [
    'repeats by its batch',
    ({ image }) => ({ y: tf.tile(tf.ones([1, 144]), [batchOf(image), 1]).add(flat(image)) }),
    /Tile has a constant/,
  ],
  [
    'has two axes of its batch',
    ({ image }) => {
      const pairs = tf.matMul(flat(image) as never, flat(image) as never, false, true)
      return { y: tf.reshape(pairs, [batchOf(image), batchOf(image), 1]) }
    },
    /(Reshape|output) has a constant/,
  ],
  ['gives nothing', () => ({}), /no outputs/],
])('a forward pass that %s is refused, and says where', (_, predict, message) => {
  expect(() => write(join(folder, 'refused'), { predict })).toThrow(message)
})

test('writing leaves no tensor behind and no weight changed', () => {
  const model = convModel()
  const before = [tf.memory().numTensors, ...model.getWeights().map((weight) => [...weight.dataSync()])]
  writeSavedModel({
    tf,
    dir: join(folder, 'clean'),
    inputs: { image: x },
    predict: ({ image }) => ({ logits: model.apply(image as Tensor) as Tensor }),
  })
  expect([tf.memory().numTensors, ...model.getWeights().map((weight) => [...weight.dataSync()])]).toEqual(before)
})
