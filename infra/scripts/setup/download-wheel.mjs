// Brings one pinned wheel here with pip – which knows the user's mirrors, proxies and certificates – and refuses it
// unless it is byte for byte the pinned file. pip prints no progress into a pipe, so its growing file is watched.
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { classifyFailure } from './classify-failure.mjs'
import { freeBytes } from './disk.mjs'
import { checksumWrong, commandFailed, diskFull, networkFailed, sizeWrong } from './problems.mjs'
import { lastLines, runCommand } from './run-command.mjs'

const POLL_MS = 250

/**
 * @typedef {import('./pins.mjs').WheelPin} WheelPin
 * @typedef {{python: string, env: Record<string, string | undefined>, log: string, onProgress: (bytes: number) => void}} DownloadOptions
 */

/**
 * Arguments of python for the download. The tag is given in full so that any Python ≥ 3.8, of whatever version, gets
 * the same file.
 * @param {WheelPin} pin
 * @param {string} folder
 */
export function pipArguments(pin, folder) {
  return [
    ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir'],
    ...['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--retries', '3', '--timeout', '30'],
    ...['--python-version', pin.tag.python, '--implementation', 'cp'],
    ...['--abi', pin.tag.abi, '--platform', pin.tag.platform],
    ...['--dest', folder, `${pin.project}==${pin.version}`],
  ]
}

/**
 * @param {WheelPin} pin
 * @param {string} folder a temporary folder, on the disk that is to hold the file
 * @param {DownloadOptions} options
 * @returns {Promise<string>} path of the verified wheel
 */
export async function downloadWheel(pin, folder, { python, env, log, onProgress }) {
  const partial = join(folder, 'partial')
  mkdirSync(partial, { recursive: true })
  const poll = setInterval(() => onProgress(Math.min(pin.size, largestFile(folder))), POLL_MS)
  try {
    const result = await runCommand(python, pipArguments(pin, folder), {
      env: { ...env, TMPDIR: partial, PIP_REQUIRE_VIRTUALENV: '0' },
      log,
    })
    if (result.code !== 0) throw downloadFailed(pin, { output: result.output, folder, log })
  } finally {
    clearInterval(poll)
    rmSync(partial, { recursive: true, force: true })
  }
  const path = join(folder, pin.file)
  await verifyWheel(pin, path, log)
  onProgress(pin.size)
  return path
}

/**
 * Removes the file and throws when it is not the pinned one.
 * @param {WheelPin} pin
 * @param {string} path
 * @param {string} log
 */
async function verifyWheel(pin, path, log) {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) {
    throw commandFailed({
      what: `downloading ${pin.file}`,
      detail: [`pip took another file of ${pin.project} ${pin.version}`],
      log,
    })
  }
  const received = size === pin.size ? await sha256OfFile(path) : ''
  if (received === pin.sha256) return
  rmSync(path)
  if (size !== pin.size) throw sizeWrong({ file: pin.file, expected: pin.size, received: size })
  throw checksumWrong({ file: pin.file, expected: pin.sha256, received })
}

/** @param {string} path */
async function sha256OfFile(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/**
 * @param {WheelPin} pin
 * @param {{output: string, folder: string, log: string}} failure
 */
function downloadFailed(pin, { output, folder, log }) {
  const cause = classifyFailure(output)
  const what = `downloading ${pin.project} ${pin.version}`
  const detail = lastLines(output, 3)
  // pip holds two copies for a moment.
  if (cause === 'disk') return diskFull({ folder, needed: 2 * pin.size, free: freeBytes(folder), what })
  if (cause === 'network') return networkFailed({ what, detail, wheel: pin.file })
  return commandFailed({ what, why: `the index that pip asks may not have ${pin.file}`, detail, log })
}

/**
 * pip writes into a folder of its own below ours and copies at the end: the largest file is how far it has come.
 * @param {string} folder
 * @returns {number} bytes
 */
export function largestFile(folder) {
  let largest = 0
  for (const entry of listing(folder)) {
    if (!entry.isFile()) continue
    // The file may have been moved since it was listed.
    const size = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
    largest = Math.max(largest, size)
  }
  return largest
}

/**
 * A folder of pip's may vanish while it is listed.
 * @param {string} folder
 * @returns {import('node:fs').Dirent[]}
 */
function listing(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
    throw error
  }
}
