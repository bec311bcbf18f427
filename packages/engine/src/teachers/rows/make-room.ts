// Keeps a folder of tables within its bound: what was used longest ago goes first. A process that has one of them open
// reads on, since an open file outlives its name.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

export const TABLE = '.rows'
/** Temporary files are called `<key>.<process>.<number>.tmp`. */
const LEFT_BEHIND = /\.(\d+)\.[0-9a-f]+\.tmp$/
/** Milliseconds after which a temporary file without a process is no longer anyone's, whatever machine wrote it. */
const STALE = 60 * 60 * 1000

interface Table {
  readonly path: string
  readonly size: number
  readonly used: number
}

/**
 * Removes tables until those left and `needed` more bytes are within `limit`, and what dead processes have left behind.
 * @param keep key of a table that stays
 */
export async function makeRoom(dir: string, limit: number, needed: number, keep?: string): Promise<void> {
  const tables: Table[] = []
  let total = needed
  for (const name of await readdir(dir)) {
    const path = join(dir, name)
    const found = await stat(path).catch(() => null)
    if (found === null) continue
    if (isLeftBehind(name, found.mtimeMs)) await rm(path, { force: true })
    else if (name.endsWith(TABLE)) {
      total += found.size
      if (name !== `${keep}${TABLE}`) tables.push({ path, size: found.size, used: found.mtimeMs })
    }
  }
  tables.sort((a, b) => a.used - b.used || (a.path < b.path ? -1 : 1))
  for (const { path, size } of tables) {
    if (total <= limit) return
    await rm(path, { force: true })
    total -= size
  }
}

function isLeftBehind(name: string, changed: number): boolean {
  const match = LEFT_BEHIND.exec(name)
  return match !== null && Date.now() - changed > STALE && !isAlive(Number(match[1]))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
