// A disk so small that it can be filled: a file system in memory with a limit, which only root may mount. Where that
// is not allowed the folder is a plain one, and the fault that fills it is left out.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const SIZE = '48m'
const CHUNK = Buffer.alloc(1 << 20)

/**
 * @typedef {{folder: string, fill: (() => void) | null, free: () => void, remove: () => void}} SmallDisk
 *   `fill` is null where the disk is not small
 */

/** @param {string} folder made here @returns {SmallDisk} */
export function smallDisk(folder) {
  mkdirSync(folder, { recursive: true })
  const filler = join(folder, '.filler')
  const free = () => rmSync(filler, { force: true })
  if (!mount(folder)) return { folder, fill: null, free, remove: () => {} }
  return {
    folder,
    fill: () => fillUp(filler),
    free,
    remove: () => unmount(folder),
  }
}

/** Takes away the disk that is mounted there, if one is. @param {string} folder */
export function unmount(folder) {
  spawnSync('umount', ['--lazy', folder], { stdio: 'ignore' })
}

/** @param {string} folder */
function mount(folder) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** @param {string} file takes all the space there is */
function fillUp(file) {
  const handle = openSync(file, 'w')
  try {
    for (let size = CHUNK.length; size > 0; size = size === 1 ? 0 : Math.floor(size / 16)) writeUntilFull(handle, size)
  } finally {
    closeSync(handle)
  }
}

/** @param {number} handle @param {number} size of each write */
function writeUntilFull(handle, size) {
  try {
    for (;;) if (writeSync(handle, CHUNK, 0, size) < size) return
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOSPC') throw error
  }
}
