// Where a set's files are: below the folder that the job's `data.from` was brought to, and nowhere else; or, without it,
// where `data.params.path` says on the worker.
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { TrainingError } from '@stillhouse/engine'
import { Type } from 'typebox'
import { invalidData } from './invalid-data.ts'

/** The parameter `path` of a format. */
export function pathParameter(description: string) {
  const where = 'absolute on the worker; with data.from relative to it, and by default all of it'
  return Type.Optional(
    Type.String({
      pattern: '^[^\\u0000]{1,4096}$',
      patternErrorMessage: 'a path',
      description: `${description}: ${where}`,
    }),
  )
}

/** The parameter that names a file below `path`. */
export function fileNameParameter(description: string, name: string) {
  return Type.String({
    pattern: '^[^\\u0000]{1,255}$',
    patternErrorMessage: 'the name of a file',
    default: name,
    description,
  })
}

export interface Place {
  /** Folder that `data.from` was brought to; null without it. */
  readonly root: string | null
  /** The parameter `path`. */
  readonly path: string | undefined
}

/**
 * The absolute path of a file or folder of the set, which need not exist.
 * @param name relative to the place
 * @throws TrainingError `data.not_found` when the job names no place, `data.invalid` when the path leaves its folder
 */
export async function locate({ root, path: given }: Place, name = ''): Promise<string> {
  if (root !== null) return await below(root, path.join(requireRelative(given ?? '.'), name))
  if (given === undefined) throw nowhere()
  if (path.isAbsolute(given)) return path.join(given, name)
  throw invalidPath(given, 'an absolute path on the worker, or data.from with the files')
}

/** Neither `..` nor a symbolic link leads out of `folder`. */
async function below(folder: string, name: string): Promise<string> {
  const file = path.join(folder, name)
  if (!isInside(folder, file)) throw invalidPath(name, 'a path that stays inside its folder')
  const [realFolder, realFile] = await Promise.all([real(folder), real(file)])
  if (realFolder === null || realFile === null || isInside(realFolder, realFile)) return file
  throw invalidPath(name, 'a path that stays inside its folder, also behind symbolic links')
}

function isInside(folder: string, file: string): boolean {
  const way = path.relative(folder, file)
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way)
}

/** Null for what is not there: reading it will say so. */
async function real(file: string): Promise<string | null> {
  return await realpath(file).catch(() => null)
}

function requireRelative(given: string): string {
  if (!path.isAbsolute(given)) return given
  throw invalidPath(given, 'a path relative to the files of data.from')
}

function invalidPath(file: string, expected: string): TrainingError {
  const problem = 'the path in data.params cannot be used'
  return invalidData({ file, problem, expected, received: JSON.stringify(file) })
}

function nowhere(): TrainingError {
  const message =
    'The job does not say where its data is. Expected data.from (an upload or S3) or data.params.path; received neither.'
  return new TrainingError('data.not_found', message)
}
