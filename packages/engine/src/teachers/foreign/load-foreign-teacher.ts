// Opens an uploaded model that is not a tfjs LayersModel, whatever its kind, as a teacher that runs outside of the steps.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Signature } from '../../contracts/shelf.ts'
import type { Tf } from '../../contracts/tf.ts'
import type { OpenTeacher } from '../open-teacher.ts'
import type { ForeignRunner } from './foreign-runner.ts'
import { openForeignTeacher } from './foreign-teacher.ts'
import { openGraphModel } from './graph-model-runner.ts'
import { type LoadOnnx, openOnnx } from './onnx-runner.ts'
import { openSavedModel } from './saved-model-runner.ts'

export type ForeignKind = 'saved-model' | 'tfjs-graph' | 'onnx'

export interface LoadForeignTeacher {
  readonly tf: Tf
  readonly kind: ForeignKind
  /** Folder with `saved_model.pb`, `model.json` or `model.onnx`, and the files they name. */
  readonly dir: string
  /** The data that it must fit. */
  readonly signature: Signature
  /** Where it came from, for messages. */
  readonly source: string
  /** The model gives class probabilities instead of logits: of such a graph it cannot be seen. */
  readonly probabilities: boolean
  readonly loadOnnx: LoadOnnx | null
}

/** @throws TrainingError `teacher.unavailable` when it cannot be loaded or run, or does not fit the data */
export async function loadForeignTeacher(options: LoadForeignTeacher): Promise<OpenTeacher> {
  const { kind, dir, probabilities } = options
  const runner = await openRunner(options)
  const foreign = await openForeignTeacher({ ...options, runner })
  return { digest: await folderDigest(dir, JSON.stringify({ kind, probabilities })), network: null, foreign }
}

async function openRunner({ tf, kind, dir, source, loadOnnx }: LoadForeignTeacher): Promise<ForeignRunner> {
  if (kind === 'onnx') return await openOnnx({ dir, source, loadOnnx })
  return await (kind === 'saved-model' ? openSavedModel : openGraphModel)(tf, dir, source)
}

/** sha256 over the names and contents of all files. */
async function folderDigest(dir: string, salt: string): Promise<string> {
  const hash = createHash('sha256').update(salt)
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const path of paths.sort()) {
    const content = createHash('sha256')
    await pipeline(createReadStream(path), content)
    hash.update(`${relative(dir, path)} ${content.digest('hex')}\n`)
  }
  return hash.digest('hex')
}
