#!/usr/bin/env node
// `npm run chaos`: runs jobs under fire, prints the table, writes results/<backend>.json and docs/chaos.md.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../../infra/scripts/setup/paths.mjs'
import { machine } from '../bench/machine.mjs'
import { faultKinds } from './faults/fault-kinds.mjs'
import { FULL_JOBS, parseOptions, USAGE } from './options.mjs'
import { writePage } from './report/page.mjs'
import { textTable } from './report/table.mjs'
import { runChaos } from './run-chaos.mjs'

const DOCUMENT = join(ROOT, 'docs/chaos.md')
const BIOME = join(ROOT, 'node_modules/.bin/biome')
const resultFile = (/** @type {string} */ backend) => fileURLToPath(new URL(`results/${backend}.json`, import.meta.url))
const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`)

/** @param {readonly string[]} args */
async function main(args) {
  if (args.includes('--help')) return say(USAGE)
  const { backends, page, dry, ...options } = parseOptions(args)
  let good = true
  for (const backend of page ? [] : backends) {
    say(`── ${backend}`)
    const result = await runChaos({ ...options, backend, say })
    good = tell(result) && good
    if (!dry && options.jobs >= FULL_JOBS) write(result)
  }
  if (page || (!dry && options.jobs >= FULL_JOBS)) writeDocument()
  if (!good) process.exitCode = 1
}

/** @param {import('./run-chaos.mjs').ChaosResult} result @returns {boolean} whether all holds */
function tell({ backend, faults, checks, jobs, attempts, chaosSeconds }) {
  const kinds = faultKinds(backend).map(({ name }) => name)
  say(`\n${textTable(faults, kinds)}\n`)
  for (const { kind, note } of faults.filter(({ target }) => target === null)) say(`not injected: ${kind} (${note})`)
  for (const { check, wrong } of checks) {
    say(`${wrong.length === 0 ? '✓' : '✗'} ${check}`)
    for (const fault of wrong.slice(0, 10)) say(`    ${fault.slice(0, 500)}`)
    if (wrong.length > 10) say(`    … ${wrong.length} in all`)
  }
  const good = checks.every(({ wrong }) => wrong.length === 0)
  say(
    `\n${jobs} jobs, ${attempts} attempts, ${(chaosSeconds / 60).toFixed(1)} minutes: ${good ? 'survived' : 'FAILED'}\n`,
  )
  return good
}

/** @param {import('./run-chaos.mjs').ChaosResult} result */
function write(result) {
  const file = resultFile(result.backend)
  mkdirSync(dirname(file), { recursive: true })
  const written = { measured: new Date().toISOString().slice(0, 10), machine: machine(), ...rounded(result) }
  writeFileSync(file, JSON.stringify(written, null, 2))
  execFileSync(BIOME, ['format', '--write', file], { stdio: 'ignore' })
}

/** Milliseconds are as exact as it gets. @template T @param {T} result @returns {T} */
function rounded(result) {
  return JSON.parse(JSON.stringify(result), (_, value) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  )
}

function writeDocument() {
  const files = ['redis', 'postgres'].map(resultFile).filter((file) => existsSync(file))
  if (files.length === 0)
    throw new Error('There are no results to write docs/chaos.md from: run `npm run chaos` first.')
  writeFileSync(DOCUMENT, writePage(files.map((file) => JSON.parse(readFileSync(file, 'utf8')))))
  say('written: docs/chaos.md')
}

// without these the exit handlers, which end what was started, would not run
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
try {
  await main(process.argv.slice(2))
  // an exit hook of the embedded PostgreSQL would overwrite the exit code that was only set
  process.exit(Number(process.exitCode ?? 0))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`)
  if (error instanceof Error && error.cause) process.stderr.write(`${error.cause}\n`)
  process.exit(1)
}
