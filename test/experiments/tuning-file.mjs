// Where the numbers of a tuning are kept.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @param {string} slug */
export const tuningFile = (slug) => fileURLToPath(new URL(`results/${slug}.tuning.json`, import.meta.url))

/** @param {string} slug @returns {import('./tuning.mjs').TuningResult | null} */
export function readTuning(slug) {
  const file = tuningFile(slug)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}
