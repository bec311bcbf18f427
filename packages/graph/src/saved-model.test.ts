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

test('weights that TensorFlow does not have yet are written like others', () => {
  const [fresh, used] = [0, 1].map(() => tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] })] }))
  const values = [
    tf.tensor2d(
      Array.from({ length: 12 }, (_, i) => i),
      [3, 4],
    ),
    tf.tensor1d([1, 2, 3, 4]),
  ]
  for (const model of [fresh, used]) model?.setWeights(values)
  used?.predict(tf.ones([1, 3]))
  const files = [fresh, used].map((model, i) => {
    const dir = join(folder, `handed-over-${i}`)
    const predict = (inputs: Record<string, Tensor>) => ({ y: model?.apply(inputs['x'] as Tensor) as Tensor })
    writeSavedModel({ tf, dir, predict, inputs: { x: tf.zeros([1, 3]) } })
    return readFileSync(join(dir, 'saved_model.pb'))
  })
  expect(Buffer.compare(files[0] as Buffer, files[1] as Buffer)).toBe(0)
})

test('a transposed convolution, which is told the whole shape of its result, takes any batch too', async () => {
  const layer = tf.layers.conv2dTranspose({ inputShape: [12, 12, 1], filters: 3, kernelSize: 3, strides: 2 })
  const model = tf.sequential({ layers: [layer] })
  const dir = join(folder, 'transposed')
  const predict = ({ image }: Record<string, Tensor>) => ({ y: model.apply(image as Tensor) as Tensor })
  writeSavedModel({ tf, dir, predict, inputs: { image: x } })
  const loaded = await load(dir)
  for (const batch of [x, tf.slice(x, 0, 1)]) {
    const expected = model.predict(batch) as Tensor
    const { y } = loaded.predict({ image: batch })
    expect(y?.shape).toEqual(expected.shape)
    expect(worst((y as Tensor).dataSync(), expected.dataSync())).toBeLessThan(1e-5)
  }
  loaded.dispose()
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

test('filters that batch norm was folded into are in the file once', () => {
  write(join(folder, 'folded'))
  const meta = messages(decode(readFileSync(join(folder, 'folded', 'saved_model.pb'))), 2)[0] as Field[]
  const nodes = messages(messages(meta, 2)[0] as Field[], 1)
  const read = new Set(
    nodes.flatMap((node) => node.filter(({ field }) => field === 3).map((input) => text([{ ...input, field: 1 }], 1))),
  )
  const constants = nodes.filter((node) => text(node, 2) === 'Const').map((node) => text(node, 1))
  expect(constants.length).toBeGreaterThan(3)
  expect(constants.filter((name) => !read.has(name))).toEqual([])
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

test('constants are kept as told: a smaller file, and what the session computes is what the codes say', async () => {
  const model = write(join(folder, 'plain'))
  const shapes: (readonly number[])[] = []
  write(join(folder, 'stored'), {
    store: ({ shape, values }) => {
      shapes.push(shape)
      if (shape.length < 2) return null
      const scale = 2 / 255
      const bytes = Uint8Array.from(values, (value) => Math.round((value + 1) / scale))
      return { dtype: 'uint8', bytes, affine: { scale, min: -1 } }
    },
  })
  expect(shapes.map((shape) => shape.length).sort()).toContain(4)
  const sizes = ['plain', 'stored'].map((name) => readFileSync(join(folder, name, 'saved_model.pb')).length)
  expect(sizes[1]).toBeLessThan(sizes[0] as number)
  const rounded = model.getWeights().map((weight) => {
    if (weight.rank < 2) return weight
    return tf.sub(tf.mul(tf.round(tf.div(tf.add(weight, 1), 2 / 255)), 2 / 255), 1)
  })
  model.setWeights(rounded)
  const loaded = await load(join(folder, 'stored'))
  const { logits } = loaded.predict({ image: x })
  expect(worst((logits as Tensor).dataSync(), (model.predict(x) as Tensor).dataSync())).toBeLessThan(1e-4)
  loaded.dispose()
})

test('halves are kept as halves', async () => {
  const weights = tf.tensor2d([1, -2, 0.5, 3], [2, 2])
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x4200)
  const predict = ({ x: input }: Record<string, Tensor>) => ({ y: tf.matMul(input as never, weights) })
  writeSavedModel({
    tf,
    predict,
    dir: join(folder, 'halves'),
    inputs: { x: tf.zeros([1, 2]) },
    store: () => ({ dtype: 'float16', bytes: new Uint8Array(halves.buffer), affine: null }),
  })
  const loaded = await load(join(folder, 'halves'))
  expect([...(loaded.predict({ x: tf.eye(2) })['y'] as Tensor).dataSync()]).toEqual([1, -2, 0.5, 3])
  loaded.dispose()
})
