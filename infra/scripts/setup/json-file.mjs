// The small JSON files under .stillhouse that set-up leaves for its next run and for the tests.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * @param {string} path
 * @returns {Record<string, any>} empty when the file is missing or not readable: it is a memo, not a source of truth
 */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

/**
 * Sets some keys and keeps the others.
 * @param {string} path
 * @param {Record<string, unknown>} changes
 */
export function updateJson(path, changes) {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify({ ...readJson(path), ...changes }, null, 2)}\n`)
  renameSync(temporary, path)
}
