// Disk space, asked before something large is written: a clear refusal beats a half-written cache.
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskFull } from './problems.mjs'

/**
 * @param {string} folder need not exist yet
 * @returns {number} bytes that an ordinary user can still write there
 */
export function freeBytes(folder) {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  return bavail * bsize
}

/** @param {{folder: string, needed: number, what: string}} want */
export function requireSpace({ folder, needed, what }) {
  const free = freeBytes(folder)
  if (free < needed) throw diskFull({ folder, needed, free, what })
}
