// Where backups lie: one folder of blobs, which all share, and beside it one folder per backup. The manifest is written last
// and under a temporary name first, so a folder with a manifest is a whole backup.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { createGunzip, createGzip } from 'node:zlib'
import { type ArtifactStore, createArtifactStore } from '@stillhouse/artifacts'
import type { SnapshotTable } from '@stillhouse/db'

export interface BackupManifest {
  readonly format: 1
  /** When the database was read, ISO 8601. */
  readonly at: string
  readonly version: string
  readonly migrations: readonly string[]
  readonly tables: readonly (SnapshotTable & { readonly rows: number })[]
  readonly blobs: number
}

const FORMAT = 1
const MANIFEST = 'manifest.json'
const BLOBS = 'blobs'
const LINES = 500

export const blobsOf = (folder: string): ArtifactStore =>
  createArtifactStore(pathToFileURL(join(folder, BLOBS)).href, {})

export interface Backup {
  /** Writes lines of text, compressed; answers how many. */
  write(name: string, batches: AsyncIterable<readonly string[]>): Promise<number>
  /** Reads them, some hundred at a time. */
  read(name: string): AsyncIterable<readonly string[]>
  finish(manifest: BackupManifest): Promise<void>
  /** @throws Error when there is none, or one of an unknown format */
  manifest(): Promise<BackupManifest>
}

/** @param name of one backup, e.g. 2026-11-22T03-17-00Z */
export function openBackup(folder: string, name: string): Backup {
  const fileOf = (part: string): string => join(folder, name, part)
  return {
    async write(part, batches) {
      await mkdir(join(folder, name), { recursive: true })
      let lines = 0
      const text = async function* () {
        for await (const batch of batches) {
          lines += batch.length
          yield batch.map((line) => `${JSON.stringify(line)}\n`).join('')
        }
      }
      await pipeline(Readable.from(text()), createGzip(), createWriteStream(fileOf(`${part}.jsonl.gz`)))
      return lines
    },
    read: (part) => readLines(fileOf(`${part}.jsonl.gz`)),
    async finish(manifest) {
      await writeFile(fileOf('unfinished'), `${JSON.stringify(manifest, null, 2)}\n`)
      await rename(fileOf('unfinished'), fileOf(MANIFEST))
    },
    async manifest() {
      const manifest = JSON.parse(await readFile(fileOf(MANIFEST), 'utf8')) as BackupManifest
      if (manifest.format !== FORMAT)
        throw new Error(`the backup ${name} has format ${manifest.format}; known is ${FORMAT}`)
      return manifest
    },
  }
}

/** Names of the whole backups in the folder, oldest first. */
export async function listBackups(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory() && entry.name !== BLOBS).map((entry) => entry.name)
  const whole = await Promise.all(names.map(async (name) => (await readdir(join(folder, name))).includes(MANIFEST)))
  return names.filter((_, index) => whole[index]).sort()
}

async function* readLines(path: string): AsyncGenerator<string[]> {
  const unzipped = createReadStream(path).pipe(createGunzip())
  let batch: string[] = []
  for await (const line of createInterface({ input: unzipped, crlfDelay: Number.POSITIVE_INFINITY })) {
    batch.push(JSON.parse(line) as string)
    if (batch.length < LINES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
