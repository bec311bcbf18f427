import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { LayersModel } from '@stillhouse/engine'
import * as stock from '@tensorflow/tfjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { savedModel } from './saved-model.ts'
import { tf } from './shared/testing/native-tf.ts'
import { WEIGHTS } from './shared/weights/weights-parameter.ts'

interface Native {
  node: { getMetaGraphsFromSavedModel(dir: string): Promise<{ tags: string[]; signatureDefs: object }[]> }
}

let root: string
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'stillhouse-export-'))
})
afterAll(() => rm(root, { recursive: true }))

function model(): LayersModel {
  const built = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 32, kernelSize: 3, inputShape: [8, 8, 2], useBias: false, name: 'conv' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.reLU({ name: 'relu' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 10, name: 'logits' }),
    ],
  })
  // each channel has a range of its own once batch norm is folded in
  const values = built
    .getWeights()
    .map(({ shape }, i) => tf.randomUniform(shape, i === 1 ? 0.01 : -0.5, 1, 'float32', i))
  const positive = values.map((value, i) => (i === 6 ? tf.abs(value).add(0.1) : value))
  built.setWeights(positive)
  return built
}

async function exported(weights: (typeof WEIGHTS)[number]) {
  const dir = await mkdtemp(path.join(root, `${weights}-`))
  const built = model()
  await savedModel.write({ tf, model: built, dir, params: { weights } })
  return { dir, built }
}

describe('saved-model', () => {
  it('is one file with a serving signature, any number of samples at once', async () => {
    const { dir } = await exported('uint8')
    expect(await readdir(dir)).toEqual(['saved_model.pb'])
    const [graph] = await (tf as unknown as Native).node.getMetaGraphsFromSavedModel(dir)
    expect(graph?.tags).toEqual(['serve'])
    expect(graph?.signatureDefs).toMatchObject({
      serving_default: {
        inputs: { input: { dtype: 'float32' } },
        outputs: { logits: { dtype: 'float32' } },
      },
    })
    const loaded = await savedModel.load({ tf, dir })
    const shapes = [1, 7].map((batch) => loaded.predict(tf.zeros([batch, 8, 8, 2])).shape)
    loaded.dispose()
    expect(shapes).toEqual([
      [1, 10],
      [7, 10],
    ])
  })

  it('is half and a quarter of the size with 16 and 8 bits', async () => {
    const sizes = await Promise.all(
      WEIGHTS.map(async (weights) => (await stat(path.join((await exported(weights)).dir, 'saved_model.pb'))).size),
    )
    const [float32 = 0, float16 = 0, uint16 = 0, uint8 = 0] = sizes
    const kernels = 3 * 3 * 2 * 32 + 6 * 6 * 32 * 10
    for (const half of [float16, uint16]) {
      expect(float32 - half).toBeGreaterThan(2 * kernels - 2000)
      expect(float32 - half).toBeLessThan(2 * kernels)
    }
    expect(float32 - uint8).toBeGreaterThan(3 * kernels - 2000)
  })

  it('quantises kernels as they are, not as batch norm would stretch each channel', async () => {
    const { dir, built } = await exported('uint8')
    const kernels = built.getWeights().map((weight) => [...weight.dataSync()])
    const loaded = await savedModel.load({ tf, dir })
    const x = tf.randomUniform([4, 8, 8, 2], 0, 1, 'float32', 9)
    const rounded = built.getWeights().map((weight, i) => {
      const values = kernels[i] as number[]
      if (weight.rank < 2) return weight
      const scale = Math.fround((Math.max(...values) - Math.min(...values)) / 255)
      const min = 0 - Math.round(-Math.min(...values) / scale) * scale
      return tf.tensor(
        values.map((value) => Math.min(255, Math.round((value - min) / scale)) * scale + min),
        weight.shape,
      )
    })
    built.setWeights(rounded)
    const [expected, received] = [built.predict(x), loaded.predict(x)].map((y) => [...(y as typeof x).dataSync()])
    loaded.dispose()
    const largest = Math.max(...(expected ?? []).map(Math.abs))
    for (const [i, logit] of (received ?? []).entries())
      expect(Math.abs(logit - (expected?.[i] ?? Number.NaN))).toBeLessThan(1e-4 * largest)
  })

  it('says what it needs where there is no native TensorFlow', async () => {
    const { dir } = await exported('float32')
    await stock.setBackend('cpu')
    await expect(savedModel.load({ tf: stock, dir })).rejects.toThrow(/tfjs-node-gpu; received tfjs on the backend cpu/)
    expect((await readFile(path.join(dir, 'saved_model.pb'))).length).toBeGreaterThan(1000)
  })
})
