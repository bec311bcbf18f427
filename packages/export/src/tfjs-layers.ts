// TensorFlow.js LayersModel files: what `tf.loadLayersModel` opens in a browser, in Node and on a phone.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Exporter, LayersModel, Tensor, Tf } from '@stillhouse/engine'
import { encodeWeights } from './shared/weights/encode-weights.ts'
import { quantisedType, WeightsParameter } from './shared/weights/weights-parameter.ts'

export { type CheckedLayersModel, checkLayersModel } from './shared/layers-model/check-layers-model.ts'

type ModelArtifacts = Parameters<Parameters<Tf['io']['withSaveHandler']>[0]>[0]
type Saved = Pick<ModelArtifacts, 'modelTopology' | 'weightSpecs' | 'weightData'>

const MODEL_FILE = 'model.json'
const WEIGHTS_FILE = 'weights.bin'

/**
 * model.json and weights.bin, logits as output. The files are written here and not by tfjs's own handler, which belongs
 * to tfjs-node and does not quantise: equal weights give equal bytes, whatever else the process has built before.
 */
export const tfjsLayers: Exporter = {
  name: 'tfjs-layers',
  title: 'TensorFlow.js LayersModel',
  summary: 'model.json and weights.bin with stock layers only; opens with tf.loadLayersModel anywhere.',
  paper: null,
  tasks: ['classification'],
  parameters: WeightsParameter,
  quantised: quantisedType,
  async write({ tf, model, dir, params }) {
    const { modelTopology, weightSpecs, weightData } = await artifactsOf(tf, model)
    const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData))
    const stored = encodeWeights({ specs: weightSpecs, bytes }, quantisedType(params))
    const json = {
      format: 'layers-model',
      generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
      convertedBy: null,
      modelTopology: withoutModelName(modelTopology),
      weightsManifest: [{ paths: [WEIGHTS_FILE], weights: stored.specs }],
    }
    await writeFile(path.join(dir, WEIGHTS_FILE), stored.bytes)
    await writeFile(path.join(dir, MODEL_FILE), `${JSON.stringify(json)}\n`)
  },
  async load({ tf, dir }) {
    const json = JSON.parse(await readFile(path.join(dir, MODEL_FILE), 'utf8'))
    const weights = await readFile(path.join(dir, WEIGHTS_FILE))
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest[0].weights,
        weightData: new Uint8Array(weights).buffer,
      }),
    )
    return {
      predict: (x) => tf.tidy(() => model.apply(x, { training: false }) as Tensor),
      dispose: () => void model.dispose(),
    }
  },
}

async function artifactsOf(tf: Tf, model: LayersModel): Promise<Required<Saved>> {
  let saved: ModelArtifacts = {}
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  })
  await model.save(handler)
  const { modelTopology = {}, weightSpecs = [], weightData = new ArrayBuffer(0) } = saved
  return { modelTopology, weightSpecs, weightData }
}

/** tfjs numbers the models of a process ("model3"); nothing refers to that name. */
function withoutModelName(topology: object): object {
  const model = topology as { config?: object }
  return { ...model, config: { ...model.config, name: 'model' } }
}
