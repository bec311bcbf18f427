import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkLayersModel } from './check-layers-model.ts'

interface Files {
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into any place of a model.json to break it
  json: any
  bytes: Uint8Array
}

beforeAll(async () => {
  await tf.setBackend('cpu')
})

/** The files of a model, as a user's program sends them. */
async function filesOf(model: tf.LayersModel): Promise<Files> {
  let files: Files | undefined
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const json = { modelTopology, weightsManifest: [{ paths: ['w.bin'], weights: weightSpecs }] }
      files = {
        json: JSON.parse(JSON.stringify(json)),
        bytes: new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
      }
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  if (files === undefined) throw new Error('the model was not saved')
  return files
}

function chain(...extra: tf.layers.Layer[]): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1], name: 'conv' }),
      tf.layers.maxPooling2d({ poolSize: 2, name: 'pool' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 3, name: 'logits' }),
      ...extra,
    ],
  })
}

/** Faults of the chain after `damage`. */
async function faultsAfter(damage: (files: Files) => void, model = chain()) {
  const files = await filesOf(model)
  damage(files)
  const checked = checkLayersModel(files.json, files.bytes)
  return checked.ok ? [] : checked.faults
}

const layerAt = (files: Files, i: number) => files.json.modelTopology.config.layers[i]

describe('checkLayersModel takes', () => {
  it('a chain of layers, the shape of its input in the first', async () => {
    const { json, bytes } = await filesOf(chain())
    expect(checkLayersModel(json, bytes)).toEqual({
      ok: true,
      inputShape: [6, 6, 1],
      outputShape: [3],
      params: 2 * 9 + 2 + 8 * 3 + 3,
    })
  })

  it('the form of the Keras converter, one level deeper', async () => {
    const { json, bytes } = await filesOf(chain())
    const converted = { ...json, modelTopology: { keras_version: '2.15.0', model_config: json.modelTopology } }
    expect(checkLayersModel(converted, bytes)).toMatchObject({ ok: true, outputShape: [3] })
  })

  it('a model that ends in a softmax', async () => {
    const { json, bytes } = await filesOf(chain(tf.layers.softmax({ name: 'softmax' })))
    expect(checkLayersModel(json, bytes)).toMatchObject({ ok: true, outputShape: [3] })
  })

  it('weights that begin anywhere in a larger buffer', async () => {
    const { json, bytes } = await filesOf(chain())
    const body = new Uint8Array(bytes.length + 3)
    body.set(bytes, 3)
    expect(checkLayersModel(json, body.subarray(3))).toMatchObject({ ok: true })
  })
})

describe('checkLayersModel refuses, naming the place,', () => {
  it.each([
    ['nothing', undefined],
    ['a text', 'model'],
    ['an empty object', {}],
    ['a graph model', { format: 'graph-model', modelTopology: { node: [] } }],
  ])('%s', (_what, json) => {
    const checked = checkLayersModel(json, new Uint8Array())
    expect(checked).toMatchObject({ ok: false })
    expect(checked.ok ? [] : checked.faults.map(({ path }) => path)[0]).toMatch(/^\/modelTopology/)
  })

  it('a layer that is not on the list', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 1).class_name = 'Lambda'
    })
    expect(faults).toMatchObject([
      { path: '/modelTopology/config/layers/1/class_name', received: 'Lambda', message: 'this layer is not allowed' },
    ])
  })

  it('a layer named like a part of every object', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 1).class_name = 'constructor'
    })
    expect(faults).toMatchObject([{ path: '/modelTopology/config/layers/1/class_name', received: 'constructor' }])
  })

  it('a class of initialiser that is not on the list', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 0).config.kernel_initializer.class_name = 'Evil'
    })
    expect(faults).toMatchObject([
      { path: '/modelTopology/config/layers/0/config/kernel_initializer', received: 'Evil' },
    ])
  })

  it('a configuration that its layer does not have', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 0).config.filters = 'many'
      layerAt(files, 0).config.padding = 'causal'
    })
    expect(faults).toMatchObject([
      { path: '/modelTopology/config/layers/0/config/filters', received: 'the text "many"' },
      { path: '/modelTopology/config/layers/0/config/padding', expected: 'one of same, valid' },
    ])
  })

  it('layers that do not fit each other', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 0).config.kernel_size = [9, 9]
    })
    expect(faults).toMatchObject([
      { path: '/modelTopology/config/layers/0', received: 'its 9×9 window is larger than the 6×6 map' },
    ])
  })

  it('an input of unknown size', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 0).config.batch_input_shape = [null, null, null, 1]
    })
    expect(faults).toMatchObject([{ message: 'the shape of the input is not known', received: '[null,null,null,1]' }])
  })

  it('a model that ends in a sigmoid', async () => {
    const faults = await faultsAfter(
      () => undefined,
      chain(tf.layers.activation({ activation: 'sigmoid', name: 'end' })),
    )
    expect(faults).toMatchObject([{ message: 'the model ends in a sigmoid per class' }])
  })

  it('weights of another shape than their layer has', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 3).config.units = 4
    })
    expect(faults).toMatchObject([
      { path: '/weightsManifest', expected: 'logits/kernel of shape [8, 4]', received: 'shape [8, 3]' },
      { path: '/weightsManifest', expected: 'logits/bias of shape [4]', received: 'shape [3]' },
    ])
  })

  it('weights that are missing, of no layer, or listed twice', async () => {
    const weights = (files: Files) => files.json.weightsManifest[0].weights
    const missing = await faultsAfter((files) => void weights(files).pop())
    expect(missing).toMatchObject([{ expected: 'logits/bias of shape [3]', received: 'nothing' }])
    const stranger = await faultsAfter((files) => weights(files).push({ name: 'x', shape: [1], dtype: 'float32' }))
    expect(stranger).toMatchObject([{ message: 'a weight belongs to no layer', received: 'x' }])
    const twice = await faultsAfter((files) => weights(files).push(weights(files)[0]))
    expect(twice).toMatchObject([{ message: 'a weight is listed twice' }])
  })

  it('quantised weights and other number types', async () => {
    const quantised = await faultsAfter((files) => {
      files.json.weightsManifest[0].weights[0].quantization = { dtype: 'uint8', scale: 1, min: 0 }
    })
    expect(quantised).toMatchObject([{ path: '/weightsManifest/0/weights/0/quantization' }])
    const typed = await faultsAfter((files) => {
      files.json.weightsManifest[0].weights[0].dtype = 'int32'
    })
    expect(typed).toMatchObject([{ path: '/weightsManifest/0/weights/0/dtype', received: 'int32' }])
  })

  it('bytes that are truncated, too many, or not finite', async () => {
    const bytes = (change: (bytes: Uint8Array) => Uint8Array) =>
      faultsAfter((files) => {
        files.bytes = change(files.bytes)
      })
    expect(await bytes((all) => all.subarray(0, -1))).toMatchObject([
      { message: 'the weights are truncated', expected: '188 bytes', received: '187 bytes' },
    ])
    expect(await bytes((all) => Uint8Array.of(...all, 0))).toMatchObject([
      { message: 'there are more bytes than weights', received: '189 bytes' },
    ])
    const nan = (all: Uint8Array) => {
      new DataView(all.buffer).setFloat32(4 * 19, Number.NaN, true)
      return all
    }
    expect(await bytes(nan)).toMatchObject([{ message: 'the weight conv/bias is not finite', received: 'NaN' }])
  })

  it('sizes that would fill the memory', async () => {
    const huge = await faultsAfter((files) => {
      layerAt(files, 0).config.batch_input_shape = [null, 100_000, 100_000, 1]
    })
    expect(huge).toMatchObject([{ received: expect.stringContaining('a map of') }])
  })
})

describe('checkLayersModel on graphs refuses', () => {
  function residual(): tf.LayersModel {
    const input = tf.input({ shape: [4], name: 'input' })
    const hidden = tf.layers.dense({ units: 4, name: 'hidden' }).apply(input) as tf.SymbolicTensor
    const sum = tf.layers.add({ name: 'sum' }).apply([input, hidden])
    const logits = tf.layers.dense({ units: 2, name: 'logits' }).apply(sum) as tf.SymbolicTensor
    return tf.model({ inputs: input, outputs: logits })
  }

  it('nothing of a residual block', async () => {
    expect(await faultsAfter(() => undefined, residual())).toEqual([])
  })

  it('two layers of one name', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 1).name = 'sum'
    }, residual())
    expect(faults).toContainEqual(
      expect.objectContaining({ message: 'two layers have the same name', received: 'sum' }),
    )
  })

  it('layers that feed each other in a circle', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 1).inbound_nodes[0][0][0] = 'sum'
    }, residual())
    expect(faults.map(({ message }) => message)).toContain('the layer does not hang on the input')
  })

  it('an output that is no layer', async () => {
    const faults = await faultsAfter((files) => {
      files.json.modelTopology.config.output_layers = [['nowhere', 0, 0]]
    }, residual())
    expect(faults).toMatchObject([{ path: '/modelTopology/config/output_layers', received: 'nowhere' }])
  })

  it('a sum of different shapes, and a layer that is used twice', async () => {
    const faults = await faultsAfter((files) => {
      layerAt(files, 1).config.units = 3
    }, residual())
    expect(faults).toMatchObject([{ received: 'adds different shapes: [4] and [3]' }])
    const twice = await faultsAfter((files) => {
      layerAt(files, 1).inbound_nodes.push(layerAt(files, 1).inbound_nodes[0])
    }, residual())
    expect(twice).toMatchObject([{ path: '/modelTopology/config/layers/1/inbound_nodes' }])
  })

  it('two inputs or two outputs', async () => {
    const faults = await faultsAfter((files) => {
      const { config } = files.json.modelTopology
      config.output_layers.push(['hidden', 0, 0])
    }, residual())
    expect(faults).toMatchObject([{ path: '/modelTopology/config/output_layers' }])
  })
})
