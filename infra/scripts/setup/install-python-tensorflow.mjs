// TensorFlow for Python, for the tests that open exported models in it: every package at a pinned version, in a folder of
// the per-user cache that Python is pointed at with PYTHONPATH. A folder, unlike a virtual environment, can be renamed
// into place when it is whole, and needs no python3-venv. The tests read where it is from .stillhouse/tools.json.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { requireSpace } from './disk.mjs'
import { largestFile } from './download-wheel.mjs'
import { installFolder } from './install-folder.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { withLock } from './lock.mjs'
import { cacheName } from './paths.mjs'
import { PYTHON_TENSORFLOW, pythonRequirements } from './pins.mjs'
import { pipFailed } from './pip-failed.mjs'
import { commandFailed } from './problems.mjs'
import { pythonMissing } from './python-missing.mjs'
import { pythonOfVersion } from './python-of-version.mjs'
import { lastLines, runCommand } from './run-command.mjs'

const POLL_MS = 250
/** Versions that the pinned TensorFlow has wheels for. */
const PYTHONS = ['3.10', '3.11', '3.12', '3.13']
const WHY = `exported models are opened in TensorFlow ${PYTHON_TENSORFLOW.version} for Python, which is published for these versions only`
/** Written by installFolder, last. */
const WHOLE = 'installed.json'

/**
 * @typedef {Record<string, string | undefined>} Env
 * @typedef {{python: string, packages: string}} PythonTensorflow the interpreter, and what its PYTHONPATH must be
 * @typedef {PythonTensorflow & {ready: boolean}} PythonPlan
 */

/**
 * @param {{platform: string, cache: string, tools: string, env: Env}} context
 * @returns {Promise<PythonPlan>}
 */
export async function planPythonTensorflow({ platform, cache, tools, env }) {
  const requirements = pythonRequirements(platform).join('\n')
  const sha256 = createHash('sha256').update(requirements).digest('hex')
  const name = (/** @type {string} */ python) =>
    cacheName({ version: PYTHON_TENSORFLOW.version, variant: `python${python}`, sha256 })
  const known = /** @type {PythonTensorflow | undefined} */ (readJson(tools)['pythonTensorflow'])
  const current = PYTHONS.map(name).includes(basename(known?.packages ?? ''))
  if (known && current && existsSync(known.python) && isWhole(known.packages)) return { ...known, ready: true }
  const found = await pythonOfVersion(PYTHONS, env)
  if (!found) throw pythonMissing(PYTHONS, WHY)
  const { path, version } = found
  const packages = join(cache, 'python', name(version))
  return { python: path, packages, ready: isWhole(packages) }
}

/**
 * @param {{plan: PythonPlan, platform: string, tools: string, env: Env, logs: string,
 *   view: import('./reporter.mjs').StepView}} context `tools` is the file that the tests read
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function installPythonTensorflow({ plan, platform, tools, env, logs, view }) {
  const { python, packages } = plan
  const detail = `${PYTHON_TENSORFLOW.version} for ${python} in ${packages}`
  const { pythonTensorflow } = readJson(tools)
  const changed = pythonTensorflow?.python !== python || pythonTensorflow?.packages !== packages
  if (!plan.ready) {
    const onWait = (/** @type {string} */ owner) =>
      view.say(`waiting for another set-up (process ${owner}) that is installing it`)
    await withLock(`${packages}.lock`, { onWait }, async () => {
      if (!isWhole(packages)) await install({ python, packages, platform, env, logs, view })
    })
  }
  if (changed) updateJson(tools, { pythonTensorflow: { python, packages } })
  return { detail, changed: changed || !plan.ready }
}

/** @param {string} packages */
function isWhole(packages) {
  return existsSync(join(packages, WHOLE))
}

/** @param {PythonTensorflow & {platform: string, env: Env, logs: string, view: import('./reporter.mjs').StepView}} context */
async function install({ python, packages, platform, env, logs, view }) {
  const { downloadBytes, unpackedBytes } = PYTHON_TENSORFLOW
  const needed = unpackedBytes + 2 * downloadBytes
  const what = 'TensorFlow for Python'
  requireSpace({ folder: dirname(packages), needed, what })
  const log = join(logs, 'python-tensorflow.log')
  await installFolder(packages, async (folder) => {
    const temporary = join(folder, 'download')
    mkdirSync(temporary)
    const list = join(temporary, 'requirements.txt')
    writeFileSync(list, `${pythonRequirements(platform).join('\n')}\n`)
    const stop = watch(temporary, view)
    const pip = { ...env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: '0' }
    const result = await runCommand(python, pipArguments(list, folder), { env: pip, log }).finally(stop)
    if (result.code !== 0)
      throw pipFailed({
        what: `installing tensorflow ${PYTHON_TENSORFLOW.version} for Python`,
        output: result.output,
        folder,
        needed,
        log,
      })
    rmSync(temporary, { recursive: true })
    // Headers are for building, scripts name the temporary folder.
    for (const name of ['tensorflow/include', 'bin']) rmSync(join(folder, name), { recursive: true, force: true })
    view.working('starting it')
    await verify(python, folder, { env, log })
  })
}

/** @param {string} list @param {string} folder */
function pipArguments(list, folder) {
  return [
    ...['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--no-compile', '--no-cache-dir'],
    ...['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--retries', '3', '--timeout', '30'],
    ...['--target', folder, '--requirement', list],
  ]
}

/**
 * pip prints no progress into a pipe; by far the largest of its files is TensorFlow's own.
 * @param {string} folder
 * @param {import('./reporter.mjs').StepView} view
 */
function watch(folder, view) {
  const total = PYTHON_TENSORFLOW.downloadBytes
  const poll = setInterval(() => {
    const done = Math.min(total, largestFile(folder))
    if (done < 0.99 * total) return view.progress({ label: 'downloading', done, total })
    clearInterval(poll)
    view.working('installing')
  }, POLL_MS)
  return () => clearInterval(poll)
}

/** @param {string} python @param {string} folder @param {{env: Env, log: string}} options */
async function verify(python, folder, { env, log }) {
  const script = 'import tensorflow as tf; print("is", tf.__version__, float(tf.reduce_sum(tf.constant([1.0, 2.0]))))'
  // Bytecode that it writes now is there when the tests start.
  const quiet = { ...env, PYTHONPATH: folder, TF_CPP_MIN_LOG_LEVEL: '2' }
  const { code, output } = await runCommand(python, ['-c', script], { env: quiet, log })
  if (code === 0 && output.includes(`is ${PYTHON_TENSORFLOW.version} 3.0`)) return
  throw commandFailed({ what: 'starting TensorFlow in Python', detail: lastLines(output, 3), log })
}
