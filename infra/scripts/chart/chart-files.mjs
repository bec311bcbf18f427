// The chart, its examples, and what helm made of them. Rendering takes helm, which few have; so the result is kept in the
// repository with the checksum of what it was made from, and the tests read it there.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { ROOT } from '../setup/paths.mjs'

export const CHART = path.join(ROOT, 'infra/k8s')
export const RENDERED = path.join(CHART, 'rendered')
const CHECKSUMS = path.join(RENDERED, 'checksums.json')
const NOT_RENDERED = ['rendered', 'README.md']

/** @typedef {{kind: string, apiVersion: string, metadata: {name: string, labels: Record<string, string>}, spec: any}} Manifest */

/** Names of the values files under examples/, without their ending. */
export function exampleNames() {
  return readdirSync(path.join(CHART, 'examples'))
    .map((file) => path.basename(file, '.yaml'))
    .sort()
}

/** @param {string} name */
export const renderedFile = (name) => path.join(RENDERED, `${name}.yaml`)
export const checksumFile = () => CHECKSUMS

/**
 * @param {string} text YAML documents
 * @returns {Manifest[]}
 */
function manifestsOf(text) {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(`not YAML: ${document.errors[0]?.message}`)
    return document.contents === null ? [] : [document.toJS()]
  })
}

/** @param {string} name an example */
export function renderedManifests(name) {
  return manifestsOf(readFileSync(renderedFile(name), 'utf8'))
}

/** sha256 of everything that rendering reads. */
function sourceChecksum() {
  const files = readdirSync(CHART, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(CHART, path.join(entry.parentPath, entry.name)))
    .filter((file) => !NOT_RENDERED.includes(file.split(path.sep)[0] ?? ''))
    .sort()
  return sha256(files.map((file) => `${file} ${sha256(readFileSync(path.join(CHART, file)))}\n`).join(''))
}

/** @returns {{sources: string, rendered: Record<string, string>}} what is written beside the rendered files */
export function currentChecksums() {
  const rendered = Object.fromEntries(exampleNames().map((name) => [name, sha256(readFileSync(renderedFile(name)))]))
  return { sources: sourceChecksum(), rendered }
}

/** @returns {{sources: string, rendered: Record<string, string>}} */
export function recordedChecksums() {
  return JSON.parse(readFileSync(CHECKSUMS, 'utf8'))
}

/** @param {string | Buffer} content */
function sha256(content) {
  return createHash('sha256').update(content).digest('hex')
}
