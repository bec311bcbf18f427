// Brings the files of a data set into a folder, several at a time, and checks the bytes of each.
import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DamagedFileError } from '../download-files.ts'
import { hashFile } from '../hash-file.ts'
import type { RemoteFile } from './remote-data.ts'
import { startTransferProgress, type Transfer } from './transfer-progress.ts'

const AT_ONCE = 8

export interface FetchOptions {
  readonly signal: AbortSignal
  readonly everyMs: number
  readonly onProgress: (done: Transfer, total: Transfer) => void
}

/**
 * Writes each file below `dir`, read-only. The first failure ends all of them.
 * @returns sha256 by path
 * @throws DamagedFileError when what came is not what was announced
 */
export async function fetchFiles(
  files: readonly RemoteFile[],
  dir: string,
  { signal, everyMs, onProgress }: FetchOptions,
): Promise<Record<string, string>> {
  const total = { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
  const progress = startTransferProgress({ total, everyMs, onProgress })
  const failing = new AbortController()
  const stop = AbortSignal.any([signal, failing.signal])
  const digests: [string, string][] = []
  const left = files.values()
  const work = async (): Promise<void> => {
    for (const file of left) {
      const target = join(dir, file.path)
      progress.begin(target)
      digests.push([file.path, await fetchFile(file, target, stop)])
      progress.end(target, file.size)
    }
  }
  try {
    const workers = Array.from({ length: AT_ONCE }, () =>
      work().catch((error: unknown) => {
        failing.abort(error)
        throw error
      }),
    )
    // nobody may still be writing when the folder is removed
    await Promise.allSettled(workers)
    await Promise.all(workers)
  } catch (error) {
    signal.throwIfAborted()
    throw failing.signal.reason ?? error
  } finally {
    progress.stop()
  }
  onProgress(total, total)
  return Object.fromEntries(digests)
}

/** @returns sha256 of what was written */
export async function fetchFile(file: RemoteFile, target: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted()
  await mkdir(dirname(target), { recursive: true })
  await file.fetch(target, signal)
  const { sha256, size } = await hashFile(target)
  if (size !== file.size || (file.sha256 !== null && sha256 !== file.sha256))
    throw new DamagedFileError(
      `${file.path} is damaged: expected ${file.sha256 === null ? '' : `sha256 ${file.sha256} and `}${file.size} bytes, received sha256 ${sha256} and ${size} bytes.`,
    )
  await chmod(target, 0o444)
  return sha256
}
