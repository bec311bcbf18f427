// The images of a folder with one sub-folder per class, in an order that no file system decides.
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { TrainingError } from '@stillhouse/engine'
import { invalidData } from '../invalid-data.ts'
import { locate, type Place } from '../locate.ts'

const ENDINGS = ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.avif']
/** What operating systems leave behind; like anything whose name begins with a dot, it is nobody's class. */
const LITTER = new Set(['__MACOSX', 'Thumbs.db', 'desktop.ini'])

export interface ClassFolder {
  readonly name: string
  /** Absolute paths, sorted by name. */
  readonly images: readonly string[]
}

/**
 * The classes of `split`, sorted by name (by code unit, whatever the language of the worker).
 * @throws TrainingError `data.not_found` without the folder, `data.invalid` for classes without images and for files
 * that are none
 */
export async function listImages(place: Place, split: string): Promise<ClassFolder[]> {
  const folder = await locate(place, split)
  const classes: ClassFolder[] = []
  for (const entry of await entriesOf(folder)) {
    const file = path.join(folder, entry.name)
    if (entry.isFile()) throw unexpected(file, 'one folder per class', 'a file')
    classes.push({ name: entry.name, images: await imagesOf(place, path.join(split, entry.name)) })
  }
  return classes
}

async function imagesOf(place: Place, name: string): Promise<string[]> {
  const folder = await locate(place, name)
  const images: string[] = []
  for (const entry of await entriesOf(folder)) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) throw unexpected(file, 'images', 'a folder')
    const ending = path.extname(entry.name).toLowerCase()
    if (!ENDINGS.includes(ending)) throw unexpected(file, `images (${ENDINGS.join(', ')})`, JSON.stringify(entry.name))
    // only a link can lead out of the folder
    images.push(entry.isSymbolicLink() ? await locate(place, path.join(name, entry.name)) : file)
  }
  if (images.length > 0) return images
  throw invalidData({ file: folder, problem: 'the class has no images', expected: 'at least one', received: 'none' })
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such folder' : `the folder cannot be read (${error.code})`
    throw new TrainingError('data.not_found', `${folder}: ${reason} on this worker.`, { cause: error })
  })
  return entries
    .filter(({ name }) => !name.startsWith('.') && !LITTER.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function unexpected(file: string, expected: string, received: string): TrainingError {
  return invalidData({ file, problem: 'this does not belong into a folder of images', expected, received })
}
