// Says how far a transfer is, every few seconds; files under way count with what is on the disk already.
import { stat } from 'node:fs/promises'
import { byteText } from './byte-text.ts'

export interface Transfer {
  readonly files: number
  readonly bytes: number
}

export interface TransferProgress {
  /** A file is about to be written to `target`. */
  begin(target: string): void
  end(target: string, bytes: number): void
  stop(): void
}

export interface ProgressOptions {
  /** What is to be transferred. */
  readonly total: Transfer
  readonly everyMs: number
  readonly onProgress: (done: Transfer, total: Transfer) => void
}

export function startTransferProgress({ total, everyMs, onProgress }: ProgressOptions): TransferProgress {
  const open = new Set<string>()
  const done = { files: 0, bytes: 0 }
  let stopped = false
  const timer = setInterval(async () => {
    const sizes = await Promise.all([...open].map(async (target) => (await stat(target).catch(() => null))?.size ?? 0))
    const bytes = sizes.reduce((sum, size) => sum + size, done.bytes)
    if (!stopped) onProgress({ files: done.files, bytes: Math.min(bytes, total.bytes) }, total)
  }, everyMs)
  return {
    begin: (target) => open.add(target),
    end: (target, bytes) => {
      open.delete(target)
      done.files += 1
      done.bytes += bytes
    },
    stop: () => {
      stopped = true
      clearInterval(timer)
    },
  }
}

/** e.g. `12 of 40 files, 31 MB of 90 MB`. */
export function progressText(done: Transfer, total: Transfer): string {
  return `${done.files} of ${total.files} files, ${byteText(done.bytes)} of ${byteText(total.bytes)}`
}
