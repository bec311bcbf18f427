// Folders of the per-user cache: filled under a temporary name and renamed into place, so that a folder that is there
// is whole, however many set-ups run at once and wherever one of them was stopped. A list of its files lies in it, with
// sizes, and checksums of the small ones: damage done later is noticed without reading gigabytes.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const SMALL = 1_000_000
const MANIFEST = 'installed.json'
const STALE_MS = 24 * 60 * 60 * 1000

/**
 * @param {string} folder
 * @returns {boolean} whether every file that was installed is there, as it was
 */
export function isInstalled(folder) {
  try {
    /** @type {{files: InstalledFile[]}} */
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'))
    return manifest.files.every((file) => {
      const { size, sha256 } = describeFile(folder, file.path)
      return size === file.size && sha256 === file.sha256
    })
  } catch {
    return false
  }
}

/**
 * @param {string} folder where the result is to be; its parent is created
 * @param {(temporary: string) => Promise<void>} fill puts the files into the folder it is given
 */
export async function installFolder(folder, fill) {
  const parent = dirname(folder)
  mkdirSync(parent, { recursive: true })
  sweepTemporary(parent)
  const temporary = mkdtempSync(join(parent, `.${basename(folder)}-`))
  const forget = removeOnExit(temporary)
  try {
    await fill(temporary)
    // mkdtemp makes it private; a cache baked into an image is read by another user.
    chmodSync(temporary, 0o755)
    writeFileSync(join(temporary, MANIFEST), `${JSON.stringify({ files: listFiles(temporary) })}\n`)
    moveIntoPlace(temporary, folder)
  } finally {
    forget()
    rmSync(temporary, { recursive: true, force: true })
  }
}

/**
 * @param {string} temporary
 * @param {string} folder
 */
function moveIntoPlace(temporary, folder) {
  // Somebody else may have finished first; theirs is as good as ours, and may already be in use.
  if (isInstalled(folder)) return
  // What is there is damaged. It is moved away before it is deleted: deleting takes time, a rename does not.
  const damaged = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`))
  try {
    renameSync(folder, join(damaged, 'old'))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
  }
  try {
    renameSync(temporary, folder)
  } catch (error) {
    if (!isInstalled(folder)) throw error
  } finally {
    rmSync(damaged, { recursive: true, force: true })
  }
}

/** Ctrl-C during a long download must not leave gigabytes behind. @param {string} folder */
function removeOnExit(folder) {
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  return () => process.off('exit', remove)
}

/** Left behind by a set-up that was killed. @param {string} parent */
function sweepTemporary(parent) {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith('.')) continue
    const path = join(parent, name)
    const info = statSync(path, { throwIfNoEntry: false })
    if (info && Date.now() - info.mtimeMs > STALE_MS) rmSync(path, { recursive: true, force: true })
  }
}

/**
 * @typedef {{path: string, size: number, sha256?: string}} InstalledFile
 * @param {string} folder
 * @param {string} path
 * @returns {InstalledFile}
 */
function describeFile(folder, path) {
  const { size } = statSync(join(folder, path))
  if (size > SMALL) return { path, size }
  return {
    path,
    size,
    sha256: createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex'),
  }
}

/** @param {string} folder */
function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => describeFile(folder, relative(folder, path)))
}
