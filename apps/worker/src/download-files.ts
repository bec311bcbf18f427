// Brings stored files into the scratch folder and checks every byte: a resumed job must not start from a broken file.
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ARTIFACT_PATH_PATTERN, type StoredFile } from '@stillhouse/spec'
import type { AttemptApi } from './attempt-api.ts'
import { hashFile } from './hash-file.ts'

const SAFE_PATH = new RegExp(ARTIFACT_PATH_PATTERN)

/** What arrived is not what was stored. */
export class DamagedFileError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DamagedFileError'
  }
}

export interface Download {
  readonly api: Pick<AttemptApi, 'getBlob'>
  readonly files: readonly StoredFile[]
  /** Made if needed; on failure it is removed. */
  readonly dir: string
}

/** @throws DamagedFileError when a file has another sha256 than announced, or a path that leads out of `dir` */
export async function downloadFiles({ api, files, dir }: Download): Promise<void> {
  try {
    for (const file of files) await downloadFile(api, file, dir)
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
}

async function downloadFile(api: Download['api'], file: StoredFile, dir: string): Promise<void> {
  if (!SAFE_PATH.test(file.path))
    throw new DamagedFileError(`The stored path ${JSON.stringify(file.path)} is not plain.`)
  const path = join(dir, file.path)
  await mkdir(dirname(path), { recursive: true })
  await api.getBlob(file.sha256, path)
  const { sha256, size } = await hashFile(path)
  if (sha256 !== file.sha256)
    throw new DamagedFileError(
      `${file.path} is damaged: expected sha256 ${file.sha256} (${file.size} bytes), received ${sha256} (${size} bytes).`,
    )
}
