import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkLayersModel } from './check-layers-model.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

/** Faults of a model of these layers on [4, 6, 3], its JSON damaged by `change`; or its shapes and size. */
async function check(layers: tf.layers.Layer[], change: (config: Record<string, unknown>) => void = () => undefined) {
  const input = tf.input({ shape: [4, 6, 3], name: 'input' })
  const output = layers.reduce((before, layer) => layer.apply(before) as tf.SymbolicTensor, input)
  const model = tf.model({ inputs: input, outputs: output })
  let checked: ReturnType<typeof checkLayersModel> | undefined
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const topology = JSON.parse(JSON.stringify(modelTopology))
      change(topology.config.layers[1].config)
      const json = { modelTopology: topology, weightsManifest: [{ paths: ['w.bin'], weights: weightSpecs }] }
      checked = checkLayersModel(json, new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)))
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return { checked, built: output.shape.slice(1) }
}

const first = 'channelsFirst' as const
const layers: Readonly<Record<string, () => tf.layers.Layer>> = {
  'zero padding': () =>
    tf.layers.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 3],
      ],
    }),
  'zero padding of channels': () =>
    tf.layers.zeroPadding2d({
      padding: [
        [0, 0],
        [1, 2],
      ],
      dataFormat: first,
    }),
  cropping: () =>
    tf.layers.cropping2D({
      cropping: [
        [1, 0],
        [2, 3],
      ],
    }),
  'cropping of channels': () =>
    tf.layers.cropping2D({
      cropping: [
        [0, 0],
        [0, 2],
      ],
      dataFormat: first,
    }),
  upsampling: () => tf.layers.upSampling2d({ size: [2, 3] }),
  'bilinear upsampling': () => tf.layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }),
  reshaping: () => tf.layers.reshape({ targetShape: [24, 3] }),
  'reordered axes': () => tf.layers.permute({ dims: [3, 1, 2] }),
  'a transposed convolution': () =>
    tf.layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' }),
  'a transposed convolution without padding': () =>
    tf.layers.conv2dTranspose({ filters: 2, kernelSize: [4, 1], strides: 3 }),
}

describe('checkLayersModel takes layers that move values', () => {
  it.each(Object.entries(layers))('with the shape that tfjs gives: %s', async (_what, layer) => {
    const { checked, built } = await check([layer()])
    expect(checked).toMatchObject({ ok: true, outputShape: built })
  })

  it('with the weights that they own', async () => {
    const up = tf.layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' })
    expect((await check([up])).checked).toMatchObject({ ok: true, params: 9 * 3 * 5 + 5 })
  })
})

describe('checkLayersModel refuses layers that move values', () => {
  const damaged: readonly [string, string, string, unknown, string][] = [
    [
      'edges below zero',
      'zero padding',
      'padding',
      [
        [-1, 2],
        [0, 0],
      ],
      '/config/padding/0/0',
    ],
    [
      'edges that would fill the memory',
      'zero padding',
      'padding',
      [
        [0, 0],
        [0, 10_001],
      ],
      '/config/padding/1/1',
    ],
    ['a step that would fill the memory', 'upsampling', 'size', [1_000_000, 1_000_000], ''],
    [
      'all rows taken away',
      'cropping',
      'cropping',
      [
        [2, 2],
        [0, 0],
      ],
      '',
    ],
    [
      'all channels taken away',
      'cropping of channels',
      'cropping',
      [
        [0, 0],
        [1, 2],
      ],
      '',
    ],
    ['values made or lost', 'reshaping', 'target_shape', [24, 4], ''],
    ['a size that is not said', 'reshaping', 'target_shape', [null, 3], '/config/target_shape/0'],
    ['an axis used twice', 'reordered axes', 'dims', [1, 1, 2], ''],
    ['an axis that is not there', 'reordered axes', 'dims', [1, 2, 9], '/config/dims/2'],
    ['too few axes', 'reordered axes', 'dims', [2, 1], ''],
    ['another interpolation', 'upsampling', 'interpolation', 'cubic', '/config/interpolation'],
    ['upsampling of channels', 'upsampling', 'data_format', 'channels_first', '/config/data_format'],
    [
      'output padding, which tfjs ignores',
      'a transposed convolution',
      'output_padding',
      [1, 1],
      '/config/output_padding',
    ],
    ['a transposed kernel with holes', 'a transposed convolution', 'dilation_rate', [2, 2], '/config/dilation_rate/0'],
  ]

  it.each(damaged)('with %s', async (_what, layer, field, value, path) => {
    const { checked } = await check([layers[layer]?.() as tf.layers.Layer], (config) => {
      config[field] = value
    })
    expect(checked?.ok).toBe(false)
    const paths = checked?.ok === false ? checked.faults.map((fault) => fault.path) : []
    expect(paths).toContain(`/modelTopology/config/layers/1${path}`)
  })

  it('on inputs that are no maps', async () => {
    const flat = () => tf.layers.flatten()
    const { checked } = await check([flat(), tf.layers.reshape({ targetShape: [72] }), tf.layers.dense({ units: 2 })])
    expect(checked).toMatchObject({ ok: true, outputShape: [2] })
    const vector = tf.layers.reshape({ targetShape: [4, 6, 3] })
    const { checked: cut } = await check([vector, layers['cropping']?.() as tf.layers.Layer], (config) => {
      config['target_shape'] = [72]
    })
    expect(cut).toMatchObject({ ok: false, faults: [{ received: 'takes [height, width, channels], receives [72]' }] })
  })
})
