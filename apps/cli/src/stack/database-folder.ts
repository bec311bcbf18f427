// Where the database of the local stack lies. PostgreSQL refuses to run as root, so root's server runs as the user
// `postgres`, who cannot enter a folder that only root may enter (/root, a CI runner's temporary folder).
import { hash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'

const SHARED = '/var/tmp'

/** Below `root`; for root, where others may not go there, a folder of its own in a place that all may enter. */
export function databaseFolder(root: string, uid: number | undefined = process.getuid?.()): string {
  if (uid !== 0 || isOpen(root)) return path.join(root, 'postgres')
  const name = hash('sha256', root).slice(0, 12)
  return path.join(SHARED, `stillhouse-database-${name}`)
}

/** Whether every user may pass through all folders on the way, as far as they are there. */
function isOpen(folder: string): boolean {
  if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false
  return folder === path.dirname(folder) || isOpen(path.dirname(folder))
}
