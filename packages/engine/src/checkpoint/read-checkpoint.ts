// Reads a checkpoint back and trusts nothing: sizes and digests of every file are checked before a value is used.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointNumber } from './checkpoint-folder.ts'
import { type CheckpointFile, decodeManifest, MANIFEST, sha256 } from './checkpoint-manifest.ts'
import type { SavedTensor } from './saved-tensor.ts'

interface Checkpoint {
  readonly number: number
  readonly state: unknown
  /** By group and name. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, SavedTensor>>
}

/** The newest checkpoint that can be used, and why others could not. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint | null
  readonly refused: readonly string[]
}

/**
 * @param dir a checkpoint, or a folder of checkpoints, of which the newest usable one is taken
 * @param fingerprint of the run that shall go on; a checkpoint of another run is refused
 */
export async function readCheckpoint(dir: string, fingerprint: string): Promise<FoundCheckpoint> {
  const refused: string[] = []
  for (const candidate of await candidates(dir)) {
    try {
      return { checkpoint: await readOne(candidate, fingerprint), refused }
    } catch (error) {
      refused.push(`${candidate}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { checkpoint: null, refused }
}

/** Newest first. */
async function candidates(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => [])
  const numbered = names.filter((name) => checkpointNumber(name) !== null)
  if (numbered.length === 0) return [dir]
  // by number and not by name: a long job outgrows the zeros that names are filled up with
  const newestFirst = numbered.sort((a, b) => Number(checkpointNumber(b)) - Number(checkpointNumber(a)))
  return newestFirst.map((name) => join(dir, name))
}

async function readOne(dir: string, fingerprint: string): Promise<Checkpoint> {
  const manifest = decodeManifest(await readFile(join(dir, MANIFEST), 'utf8'))
  if (manifest.fingerprint !== fingerprint)
    throw new Error('it belongs to another job spec, data set or code version, so training starts anew')
  const groups = new Map<string, ReadonlyMap<string, SavedTensor>>()
  for (const [name, file] of Object.entries(manifest.files))
    groups.set(name.replace(/\.bin$/, ''), await readTensors(join(dir, name), file))
  return { number: manifest.number, state: manifest.state, groups }
}

async function readTensors(path: string, file: CheckpointFile): Promise<ReadonlyMap<string, SavedTensor>> {
  const { size } = await stat(path)
  if (size !== file.size) throw new Error(`${path} has ${size} bytes, expected ${file.size}`)
  const bytes = await readFile(path)
  if (sha256(bytes) !== file.sha256) throw new Error(`${path} does not have the sha256 of the manifest`)
  const own = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  let offset = 0
  const tensors = new Map<string, SavedTensor>()
  for (const { name, dtype, shape } of file.tensors) {
    const length = shape.reduce((product, axis) => product * axis, 1)
    const values = dtype === 'int32' ? new Int32Array(own, offset, length) : new Float32Array(own, offset, length)
    tensors.set(name, { dtype, shape, values })
    offset += 4 * length
  }
  if (offset !== size) throw new Error(`${path} holds ${offset} bytes of tensors, expected ${size}`)
  return tensors
}
