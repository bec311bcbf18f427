// Makes files look truncated to whoever reads them, without touching the disk: the suite of the data shelf needs no
// damaged files, and no knowledge of where an entry keeps its own.
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Runs `body` while `readFile` gives only the first half of the files that `damaged` names.
 * @returns the paths that were read, in order
 */
export async function withTruncatedReads(
  damaged: (path: string) => boolean,
  body: () => Promise<void>,
): Promise<string[]> {
  const { readFile } = fs
  const read: string[] = []
  const truncating = async (...args: Parameters<typeof readFile>) => {
    const path = String(args[0])
    read.push(path)
    const content = await readFile(...args)
    return damaged(path) ? content.slice(0, Math.floor(content.length / 2)) : content
  }
  Object.assign(fs, { readFile: truncating })
  syncBuiltinESMExports()
  try {
    await body()
  } finally {
    Object.assign(fs, { readFile })
    syncBuiltinESMExports()
  }
  return [...new Set(read)]
}
