// Schemathesis, for the property-based test of the API: a virtual environment in the per-user cache, every package at a
// pinned version and checksum. It is made without pip of its own, so that python3-venv is not needed, and in a folder
// that is renamed into place when it is whole. The tests read where it is from .stillhouse/tools.json.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { requireSpace } from './disk.mjs'
import { installFolder } from './install-folder.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { withLock } from './lock.mjs'
import { cacheName } from './paths.mjs'
import { pipFailed } from './pip-failed.mjs'
import { commandFailed } from './problems.mjs'
import { pythonMissing } from './python-missing.mjs'
import { pythonOfVersion } from './python-of-version.mjs'
import { lastLines, runCommand } from './run-command.mjs'

const REQUIREMENTS = 'test/fuzz/python/requirements.txt'
/** Versions that the checksums are for. */
const PYTHONS = ['3.11', '3.12', '3.13']
const UNPACKED_BYTES = 120e6
const WHY = 'the property-based test of the API runs Schemathesis, which is pinned for these versions only'
/** Written by installFolder, last. */
const WHOLE = 'installed.json'

/**
 * @typedef {Record<string, string | undefined>} Env
 * @typedef {{base: string, version: string, environment: string, ready: boolean}} SchemathesisPlan `base`: the Python that
 *   the environment is made with; `version`: of Schemathesis
 */

/**
 * @param {{root: string, cache: string, tools: string, env: Env}} context
 * @returns {Promise<SchemathesisPlan>}
 */
export async function planSchemathesis({ root, cache, tools, env }) {
  const requirements = readFileSync(join(root, REQUIREMENTS), 'utf8')
  const sha256 = createHash('sha256').update(requirements).digest('hex')
  const version = /^schemathesis==([\d.]+)/m.exec(requirements)?.[1] ?? ''
  const name = (/** @type {string} */ python) => cacheName({ version, variant: `python${python}`, sha256 })
  const known = readJson(tools)['schemathesis']
  const environment = known && dirname(dirname(known))
  if (known && PYTHONS.map(name).includes(basename(environment)) && existsSync(known) && isWhole(environment))
    return { base: known, version, environment, ready: true }
  const found = await pythonOfVersion(PYTHONS, env)
  if (!found) throw pythonMissing(PYTHONS, WHY)
  const folder = join(cache, 'schemathesis', name(found.version))
  return { base: found.path, version, environment: folder, ready: isWhole(folder) }
}

/**
 * @param {{plan: SchemathesisPlan, root: string, tools: string, env: Env, logs: string,
 *   view: import('./reporter.mjs').StepView}} context `tools` is the file that the tests read
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function installSchemathesis({ plan, root, tools, env, logs, view }) {
  const { environment, version, ready } = plan
  const python = join(environment, 'bin/python')
  const changed = readJson(tools)['schemathesis'] !== python
  if (!ready) {
    const onWait = (/** @type {string} */ owner) =>
      view.say(`waiting for another set-up (process ${owner}) that is installing it`)
    mkdirSync(dirname(environment), { recursive: true })
    await withLock(`${environment}.lock`, { onWait }, async () => {
      if (!isWhole(environment)) await install({ plan, root, env, logs, view })
    })
  }
  if (changed) updateJson(tools, { schemathesis: python })
  return { detail: `${version} in ${environment}`, changed: changed || !ready }
}

/** @param {string} environment */
function isWhole(environment) {
  return existsSync(join(environment, WHOLE))
}

/** @param {{plan: SchemathesisPlan, root: string, env: Env, logs: string, view: import('./reporter.mjs').StepView}} context */
async function install({ plan: { base, version, environment }, root, env, logs, view }) {
  const needed = 2 * UNPACKED_BYTES
  const log = join(logs, 'schemathesis.log')
  const what = `installing schemathesis ${version}`
  requireSpace({ folder: dirname(environment), needed, what })
  await installFolder(environment, async (folder) => {
    view.working('installing')
    const made = await runCommand(base, ['-m', 'venv', '--without-pip', folder], { env, log })
    if (made.code !== 0) throw commandFailed({ what, detail: lastLines(made.output, 3), log })
    const python = join(folder, 'bin/python')
    const packages = await sitePackages(python, env)
    const pip = { ...env, PIP_REQUIRE_VIRTUALENV: '0' }
    const { code, output } = await runCommand(base, pipArguments(join(root, REQUIREMENTS), packages), { env: pip, log })
    if (code !== 0) throw pipFailed({ what, output, folder, needed, log })
    // Their first lines name the temporary folder.
    rmSync(join(packages, 'bin'), { recursive: true, force: true })
    view.working('starting it')
    await verify({ python, version, env, log })
  })
}

/** @param {string} python @param {Env} env */
async function sitePackages(python, env) {
  const script = 'import sysconfig; print(sysconfig.get_path("purelib"))'
  return (await runCommand(python, ['-c', script], { env })).output.trim()
}

/** @param {string} requirements @param {string} folder */
function pipArguments(requirements, folder) {
  return [
    ...['-m', 'pip', 'install', '--require-hashes', '--no-deps', '--only-binary=:all:', '--no-cache-dir'],
    ...['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--retries', '3', '--timeout', '30'],
    ...['--target', folder, '--requirement', requirements],
  ]
}

/** @param {{python: string, version: string, env: Env, log: string}} context */
async function verify({ python, version, env, log }) {
  const script = 'import schemathesis, schemathesis.cli; print("is", schemathesis.__version__)'
  const { code, output } = await runCommand(python, ['-c', script], { env, log })
  if (code === 0 && output.includes(`is ${version}`)) return
  throw commandFailed({ what: 'starting Schemathesis', detail: lastLines(output, 3), log })
}
