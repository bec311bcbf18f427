// Models on disk as every tfjs runtime knows them: `model.json` beside `model.weights.bin`. Equal weights give equal bytes.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { io } from '@tensorflow/tfjs'
import type { LayersModel, Tf } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'

const TOPOLOGY = 'model.json'
const WEIGHTS = 'model.weights.bin'

export interface ModelFiles {
  readonly tf: Tf
  readonly dir: string
}

/** Writes `model` into `dir`, which is made when missing. */
export async function saveLayersModel({ tf, dir }: ModelFiles, model: LayersModel): Promise<void> {
  await mkdir(dir, { recursive: true })
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, format, generatedBy, convertedBy, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: [`./${WEIGHTS}`], weights: weightSpecs ?? [] }]
      const topology = { format, generatedBy, convertedBy, modelTopology, weightsManifest }
      await writeFile(join(dir, TOPOLOGY), JSON.stringify(topology))
      await writeFile(join(dir, WEIGHTS), Buffer.from(tf.io.CompositeArrayBuffer.join(weightData)))
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } }
    }),
  )
}

/**
 * Loads the model in `dir`.
 * @throws TrainingError `teacher.unavailable` when the files are missing, damaged or use a layer that tfjs does not know
 */
export async function loadLayersModel({ tf, dir }: ModelFiles, source: string): Promise<LayersModel> {
  try {
    return await tf.loadLayersModel(tf.io.fromMemory(await readArtifacts(dir)))
  } catch (cause) {
    throw new TrainingError('teacher.unavailable', `The model of ${source} cannot be loaded: ${String(cause)}`, {
      cause,
    })
  }
}

export async function readArtifacts(dir: string): Promise<io.ModelArtifacts> {
  const file = JSON.parse(await readFile(join(dir, TOPOLOGY), 'utf8')) as io.ModelJSON
  const groups = file.weightsManifest
  // Only the name counts: a model is data, and a path in it must not lead out of its folder.
  const paths = groups.flatMap((group) => group.paths).map((path) => join(dir, basename(path)))
  const parts = await Promise.all(paths.map((path) => readFile(path)))
  return {
    modelTopology: file.modelTopology,
    weightSpecs: groups.flatMap(({ weights }) => weights),
    weightData: Uint8Array.from(Buffer.concat(parts)).buffer,
  }
}
