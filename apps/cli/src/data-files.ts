// The files of a data set on this machine: a folder's under their paths in it, single files under their names.
import { createHash, hash } from 'node:crypto'
import { createReadStream, lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type DatasetFile, datasetManifest, datasetPathFaults } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'
import { faultLines } from './render/fault-lines.ts'

export interface LocalFile extends DatasetFile {
  /** Where it lies. */
  readonly source: string
}

/**
 * Every file with its digest.
 * @param places files and folders
 * @throws CliError for links and special files, which mean nothing elsewhere, and for names that a data set cannot have
 */
export async function readDataFiles(places: readonly string[]): Promise<LocalFile[]> {
  const found = places.flatMap(listPlace)
  if (found.length === 0) throw new CliError(`there are no files in ${places.join(', ')}`)
  const faults = datasetPathFaults(found.map((one) => one.path))
  if (faults.length > 0) throw new CliError(`these files cannot be one data set:\n${faultLines(faults)}`)
  const files: LocalFile[] = []
  for (const one of found) files.push({ ...one, ...(await measure(one.source)) })
  return files
}

/** The id that the service gives to these files. */
export function idOf(files: readonly DatasetFile[]): string {
  return hash('sha256', datasetManifest(files))
}

interface Found {
  readonly path: string
  readonly source: string
}

function listPlace(place: string): Found[] {
  const kind = kindOf(place)
  if (kind === 'file') return [{ path: path.basename(place), source: place }]
  if (kind === 'folder') return listFolder(place, '')
  throw new CliError(`${place} is ${kind}; expected a file or a folder`)
}

function listFolder(root: string, below: string): Found[] {
  return readdirSync(path.join(root, below))
    .sort()
    .flatMap((name) => {
      const inside = below === '' ? name : `${below}/${name}`
      const source = path.join(root, inside)
      const kind = kindOf(source)
      if (kind === 'folder') return listFolder(root, inside)
      if (kind === 'file') return [{ path: inside, source }]
      throw new CliError(`${source} is ${kind}; a data set holds files only`)
    })
}

function kindOf(place: string): 'file' | 'folder' | 'a link' | 'neither file nor folder' {
  try {
    const found = lstatSync(place)
    if (found.isSymbolicLink()) return 'a link'
    if (found.isDirectory()) return 'folder'
    return found.isFile() ? 'file' : 'neither file nor folder'
  } catch (error) {
    throw new CliError(`cannot read ${place}: ${(error as Error).message}`)
  }
}

async function measure(source: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  try {
    await pipeline(createReadStream(source), async (chunks) => {
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        hash.update(chunk)
        size += chunk.length
      }
    })
  } catch (error) {
    throw new CliError(`cannot read ${source}: ${(error as Error).message}`)
  }
  return { sha256: hash.digest('hex'), size }
}
