// Where the files of a data set are, as far as a job says it: below what `data.from` brings, or at a path on the worker.
import { posix } from 'node:path'
import type { DataSpec, Fault } from '@stillhouse/spec'
import type { DataFormat } from '../contracts/data-format.ts'
import type { Params } from './resolve-params.ts'

/** @param params checked with the format's own schema @param path JSON Pointer of the data set in the spec */
export function placeFaults(
  { name, parameters, needsFiles = false }: DataFormat,
  { from }: DataSpec,
  { params, path }: { readonly params: Params; readonly path: string },
): Fault[] {
  if (parameters.properties['path'] === undefined) return from === undefined ? [] : [ownFiles(name, path)]
  const { path: given } = params
  if (typeof given !== 'string') return from === undefined && needsFiles ? [nowhere(name, path)] : []
  const fits = from === undefined ? posix.isAbsolute(given) : isBelow(given)
  if (fits) return []
  const expected =
    from === undefined
      ? 'an absolute path, or data.from with the files'
      : 'a relative path that stays inside its folder'
  const message = from === undefined ? 'a path on the worker has to be whole' : 'the path leads out of what from brings'
  return [{ path: `${path}/params/path`, message, expected, received: given }]
}

function isBelow(given: string): boolean {
  const way = posix.normalize(given)
  return !posix.isAbsolute(given) && way !== '..' && !way.startsWith('../')
}

function nowhere(name: string, path: string): Fault {
  const message = `the job does not say where the files of the data set ${name} are`
  const expected = 'from (an upload or S3), or params.path on the worker'
  return { path: `${path}/from`, message, expected, received: 'neither' }
}

function ownFiles(name: string, path: string): Fault {
  const message = `the data set ${name} is read from no files`
  return { path: `${path}/from`, message, expected: 'no from', received: 'files' }
}
