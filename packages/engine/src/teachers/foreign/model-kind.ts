// What kind of model a folder holds, told by the files that each kind must have.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ForeignKind } from './load-foreign-teacher.ts'
import { ONNX_FILE } from './onnx-runner.ts'

/** `tfjs-layers` also for a folder that holds no model: opening it says what is missing. */
export async function modelKind(dir: string): Promise<ForeignKind | 'tfjs-layers'> {
  const names = await readdir(dir).catch((): string[] => [])
  if (names.includes('saved_model.pb')) return 'saved-model'
  if (names.includes(ONNX_FILE)) return 'onnx'
  return (await isGraphModel(dir)) ? 'tfjs-graph' : 'tfjs-layers'
}

async function isGraphModel(dir: string): Promise<boolean> {
  try {
    const { format } = JSON.parse(await readFile(join(dir, 'model.json'), 'utf8')) as { format?: string }
    return format === 'graph-model'
  } catch {
    return false
  }
}
