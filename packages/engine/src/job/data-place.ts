// Where the files of a job's data set are. What `data.from` brought lies in a folder of its own; a path that the job
// names must lie in a folder that the operator of the worker has opened to jobs, links and all.
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import type { DataSpec } from '@stillhouse/spec'
import { TrainingError } from '../contracts/training-error.ts'
import type { Params } from './resolve-params.ts'
import type { RunRequest } from './run-request.ts'

export interface DataPlace {
  /** Folder that the format does not leave; null when its parameters alone say where the files are. */
  readonly root: string | null
  readonly params: Params
}

/**
 * @param name of the data set in the job
 * @throws TrainingError `data.not_found` when the files were not brought, or lie where jobs may not read
 */
export async function dataPlace(
  { dataFolders, dataRoots }: Pick<RunRequest, 'dataFolders' | 'dataRoots'>,
  { from }: Pick<DataSpec, 'from'>,
  { name, params }: { readonly name: string; readonly params: Params },
): Promise<DataPlace> {
  if (from !== undefined) return { root: broughtFolder(dataFolders?.[name], name), params }
  const { path: given } = params
  if (typeof given !== 'string' || dataRoots === undefined) return { root: null, params }
  for (const root of dataRoots) {
    const below = await placeBelow(root, given)
    if (below !== null) return { root: below.root, params: { ...params, path: below.path } }
  }
  throw outside(given, dataRoots)
}

function broughtFolder(folder: string | undefined, name: string): string {
  if (folder !== undefined) return folder
  throw new TrainingError(
    'data.not_found',
    `The files of ${name} were not brought here. Expected a folder; received nothing.`,
  )
}

/** Null for what lies elsewhere. What is not there at all counts as it is written: reading it will say so. */
async function placeBelow(root: string, given: string): Promise<{ root: string; path: string } | null> {
  const [realRoot, realGiven] = await Promise.all([real(root), real(given)])
  const [from, to] =
    realRoot === null || realGiven === null ? [path.resolve(root), path.resolve(given)] : [realRoot, realGiven]
  const way = path.relative(from, to)
  if (way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way)) return null
  return { root: from, path: way === '' ? '.' : way }
}

async function real(file: string): Promise<string | null> {
  return realpath(file).catch(() => null)
}

/** In the same words for what is there and what is not: a job must not find out which files a worker has. */
function outside(given: string, roots: readonly string[]): TrainingError {
  const open = roots.length === 0 ? 'none are' : roots.join(', ')
  return new TrainingError(
    'data.not_found',
    `Jobs may not read ${JSON.stringify(given)} on this worker. Expected a path in one of the folders that DATA_ROOTS of the worker opens to jobs (${open}), or data.from with the files.`,
  )
}
