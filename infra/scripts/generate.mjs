#!/usr/bin/env node
// Writes every file that is made from others (shelf indexes, the job's JSON Schema, the error catalogue …), so that
// nobody keeps two lists in step by hand. `--check` writes nothing and exits with 1 when a file is stale: CI runs that.
// To add a generator: one file in ./generate that exports `{ name, needs, files }`, and one line in GENERATORS.
// Built-ins only; packages are imported from their built form.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCatalogue } from './generate/error-catalogue.mjs'
import { grafanaDashboard } from './generate/grafana-dashboard.mjs'
import { jobSchema } from './generate/job-schema.mjs'
import { openapi } from './generate/openapi.mjs'
import { shelfIndexes } from './generate/shelf-indexes.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * In order: a later one may need what an earlier one wrote.
 * `needs`: workspaces to build first. `files(root)`: Map of path → text, the whole of what should be there.
 */
const GENERATORS = [shelfIndexes, jobSchema, errorCatalogue, openapi, grafanaDashboard]

function build(workspaces) {
  const compiler = path.join(root, 'node_modules/@typescript/native/bin/tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-b', ...workspaces], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${workspaces.join(', ')} did not compile; see above`)
}

/** Generated files look as if written by hand, so the formatter has nothing to say about them. */
function formatted(file, text) {
  if (!/\.(ts|json)$/.test(file)) return text
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome')
  const options = { cwd: root, input: text, encoding: 'utf8', maxBuffer: 2 ** 26 }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'format', `--stdin-file-path=${file}`],
    options,
  )
  if (status !== 0) throw new Error(`${file} could not be formatted: ${stderr}`)
  return stdout
}

function currentText(file) {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** One line on how the text on disk differs from the text that should be there; undefined when it does not. */
function difference(current, wanted) {
  if (current === undefined) return 'is missing'
  if (current === wanted) return undefined
  const [have, want] = [current.split('\n'), wanted.split('\n')]
  const at = want.findIndex((line, i) => line !== have[i])
  const line = at < 0 ? want.length : at
  const text = (lines) => (lines[line] === undefined ? '(end of file)' : JSON.stringify(lines[line].slice(0, 100)))
  return `is stale from line ${line + 1} on: has ${text(have)}, should have ${text(want)}`
}

function write(file, text) {
  const target = path.join(root, file)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, text)
}

async function main(args) {
  const unknown = args.filter((arg) => arg !== '--check')
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown[0]}; usage: generate.mjs [--check]`)
  const check = args.includes('--check')
  const stale = []
  for (const { needs, files } of GENERATORS) {
    if (needs.length > 0) build(needs)
    for (const [file, text] of await files(root)) {
      const wanted = formatted(file, text)
      const change = difference(currentText(file), wanted)
      if (change === undefined) continue
      stale.push(`${file} ${change}`)
      if (!check) write(file, wanted)
    }
  }
  for (const line of stale) process.stdout.write(`${line}${check ? '' : '; written'}\n`)
  if (check && stale.length > 0) throw new Error(`${stale.length} generated file(s) are stale. Run: npm run generate`)
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`generate: ${error.message}\n`)
  process.exitCode = 1
})
