// Where set-up puts things: what belongs to this checkout, and what is kept per user and shared between checkouts.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SetupError } from './setup-error.mjs'

/** Root of this checkout. */
export const ROOT = resolve(fileURLToPath(new URL('../../../', import.meta.url)))

/** @param {string} root */
export function checkoutPaths(root) {
  return {
    root,
    tfjsPackage: join(root, 'node_modules/@tensorflow/tfjs-node-gpu'),
    state: join(root, '.stillhouse/setup.json'),
    tools: join(root, '.stillhouse/tools.json'),
    logs: join(root, '.stillhouse/logs'),
    lock: join(root, '.stillhouse/setup.lock'),
  }
}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {string} the per-user cache folder (it need not exist)
 */
export function cacheRoot(env) {
  if (env['STILLHOUSE_CACHE']) return resolve(env['STILLHOUSE_CACHE'])
  // The XDG specification says that a relative value is to be ignored.
  const xdg = env['XDG_CACHE_HOME']?.startsWith('/') ? env['XDG_CACHE_HOME'] : undefined
  return join(xdg ?? join(homeOf(env), '.cache'), 'stillhouse')
}

/** @param {Record<string, string | undefined>} env */
function homeOf(env) {
  const home = env['HOME'] || homedir()
  if (home.startsWith('/')) return home
  throw new SetupError('no home folder to keep TensorFlow in', {
    fix: ['export STILLHOUSE_CACHE=/a/folder/you/can/write'],
  })
}

/**
 * Folder name of something unpacked from a pinned file; the checksum is in the name, so another pin is another folder.
 * @param {{version: string, variant: string, sha256: string}} pin
 */
export function cacheName({ version, variant, sha256 }) {
  return `${version}-${variant}-${sha256.slice(0, 12)}`
}
