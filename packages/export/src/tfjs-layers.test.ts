import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WEIGHTS } from './shared/weights/weights-parameter.ts'
import { checkLayersModel, tfjsLayers } from './tfjs-layers.ts'

const folders: string[] = []

beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

/** One of every layer that the engine builds, with weights drawn from a seed. */
function model(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 1], name: 'input' })
  const conv = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', useBias: false, name: 'conv' })
  const norm = tf.layers.batchNormalization({ name: 'norm', epsilon: 1e-5 })
  const relu = tf.layers.activation({ activation: 'relu', name: 'relu' })
  const depthwise = tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', name: 'depthwise' })
  const leaky = tf.layers.leakyReLU({ name: 'leaky', alpha: 0.01 })
  const pooled = tf.layers.maxPooling2d({ poolSize: 2, name: 'pool' })
  const average = tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same', name: 'average' })
  const first = relu.apply(norm.apply(conv.apply(input))) as tf.SymbolicTensor
  const second = leaky.apply(depthwise.apply(first)) as tf.SymbolicTensor
  const sum = tf.layers.add({ name: 'sum' }).apply([first, second])
  const both = tf.layers
    .concatenate({ name: 'both' })
    .apply([pooled.apply(sum), average.apply(second)] as tf.SymbolicTensor[])
  const mean = tf.layers.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' }).apply(both)
  const dropped = tf.layers.dropout({ rate: 0.5, name: 'dropout' }).apply(mean)
  const logits = tf.layers.dense({ units: 10, name: 'logits' }).apply(dropped) as tf.SymbolicTensor
  const built = tf.model({ inputs: input, outputs: logits })
  const weights = built.getWeights().map(({ shape }, i) => tf.randomUniform(shape, 0.1, 1, 'float32', i))
  built.setWeights(weights)
  tf.dispose(weights)
  return built
}

async function exported(
  built: tf.LayersModel,
  params: { weights: (typeof WEIGHTS)[number] } = { weights: 'float32' },
): Promise<{ dir: string; json: string; weights: Buffer }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'stillhouse-export-'))
  folders.push(dir)
  await tfjsLayers.write({ tf, model: built, dir, params })
  const [json, weights] = await Promise.all([
    readFile(path.join(dir, 'model.json'), 'utf8'),
    readFile(path.join(dir, 'weights.bin')),
  ])
  return { dir, json, weights }
}

describe('tfjs-layers', () => {
  it('writes a model.json that stock tfjs reads, with the path of its weights', async () => {
    const { json, weights } = await exported(model())
    const loaded = await tf.loadLayersModel({
      load: async () => ({ ...JSON.parse(json), ...weightsOf(json, weights) }),
    })
    const built = model()
    const x = tf.randomUniform([3, 8, 8, 1], 0, 1, 'float32', 1)
    const outputs = [loaded, built].map((one) => Array.from((one.predict(x) as tf.Tensor).dataSync()))
    expect(outputs[0]).toEqual(outputs[1])
    expect(JSON.parse(json).weightsManifest[0].paths).toEqual(['weights.bin'])
  })

  it('writes the same bytes for the same weights, whatever was built before', async () => {
    const first = await exported(model())
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] })
    const second = await exported(model())
    expect(second.json).toBe(first.json)
    expect(second.weights.equals(first.weights)).toBe(true)
  })

  it('writes nothing else: no dates, no optimiser', async () => {
    const { json } = await exported(model())
    expect(Object.keys(JSON.parse(json)).sort()).toEqual([
      ...['convertedBy', 'format', 'generatedBy', 'modelTopology', 'weightsManifest'],
    ])
  })

  it('loads what it wrote, and leaves no tensors behind', async () => {
    const built = model()
    const { dir } = await exported(built)
    const x = tf.randomUniform([2, 8, 8, 1], 0, 1, 'float32', 1)
    const expected = built.apply(x, { training: false }) as tf.Tensor
    const before = tf.memory().numTensors
    const loaded = await tfjsLayers.load({ tf, dir })
    const y = loaded.predict(x)
    expect(Array.from(y.dataSync())).toEqual(Array.from(expected.dataSync()))
    y.dispose()
    loaded.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each([
    ['float16', 2],
    ['uint16', 2],
    ['uint8', 1],
  ] as const)(
    'keeps kernels as %s in a manifest that stock tfjs reads, and vectors as they are',
    async (dtype, width) => {
      const built = tf.sequential({
        layers: [
          tf.layers.dense({ units: 32, inputShape: [16], name: 'hidden' }),
          tf.layers.dense({ units: 3, name: 'logits' }),
        ],
      })
      const { json, weights } = await exported(built, { weights: dtype })
      expect(weights.length).toBe(16 * 32 * width + 4 * 32 + 4 * 32 * 3 + 4 * 3)
      const { weights: entries } = JSON.parse(json).weightsManifest[0]
      const affine = dtype === 'float16' ? {} : { scale: expect.any(Number), min: expect.any(Number) }
      expect(entries[0]).toEqual({
        name: 'hidden/kernel',
        shape: [16, 32],
        dtype: 'float32',
        quantization: { dtype, original_dtype: 'float32', ...affine },
      })
      expect(entries[1]).toEqual({ name: 'hidden/bias', shape: [32], dtype: 'float32' })
      const loaded = await tf.loadLayersModel({
        load: async () => ({ ...JSON.parse(json), ...weightsOf(json, weights) }),
      })
      const [kernel, rounded] = [built, loaded].map((one) => (one.getWeights()[0] as tf.Tensor).dataSync())
      const off = (kernel ?? []).map((value, i) => Math.abs(value - (rounded?.[i] ?? Number.NaN)))
      expect(Math.max(...off)).toBeLessThan(dtype === 'uint8' ? 0.01 : 0.001)
      expect(Math.max(...off)).toBeGreaterThan(0)
    },
  )

  it('passes its own check, with shapes and parameters', async () => {
    const { json, weights } = await exported(model())
    // conv 36, norm 8, depthwise 36 + 4, logits 80 + 10; moving statistics are not parameters
    expect(checkLayersModel(JSON.parse(json), weights)).toEqual({
      ok: true,
      inputShape: [8, 8, 1],
      outputShape: [10],
      params: 174,
    })
  })
})

function weightsOf(json: string, weights: Buffer) {
  return { weightSpecs: JSON.parse(json).weightsManifest[0].weights, weightData: new Uint8Array(weights).buffer }
}
