// Downloads the pinned wheels and keeps of TensorFlow what a Node process needs: two libraries, the headers of the C
// API, and for CUDA the libraries that TensorFlow looks for beside itself. The wheels themselves are not kept.
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { requireSpace } from './disk.mjs'
import { downloadWheel } from './download-wheel.mjs'
import { installFolder, isInstalled } from './install-folder.mjs'
import { withLock } from './lock.mjs'
import { extractZipEntries, readZipEntries } from './zip.mjs'

/** Of these the binding's sources include fourteen; whole folders, because another TensorFlow may need a few more. */
const KEPT =
  /^(tensorflow\/libtensorflow_(cc|framework)\.so\.2$|tensorflow\/include\/(tensorflow\/c\/|tsl\/c\/|xla\/tsl\/c\/|(tensorflow\/core|tsl|xla\/tsl)\/platform\/ctstring)|nvidia\/(?!.*\/include\/)|[^/]+\.dist-info\/(METADATA|LICENSE|licenses\/))/

/**
 * @param {string} name of a file in a wheel
 * @returns {boolean} whether it is unpacked
 */
export function isKept(name) {
  return KEPT.test(name)
}

/**
 * @param {{tensorflow: import('./choose-tensorflow.mjs').Tensorflow, python: string,
 *   env: Record<string, string | undefined>, logs: string, view: import('./reporter.mjs').StepView}} context
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function installTensorflow({ tensorflow, python, env, logs, view }) {
  const { pin, install } = tensorflow
  if (tensorflow.ready || !pin || !install) return { detail: tensorflow.label }
  const onWait = (/** @type {string} */ owner) =>
    view.say(`waiting for another set-up (process ${owner}) that is installing it`)
  return withLock(`${install}.lock`, { onWait }, async () => {
    if (isInstalled(install)) return { detail: `${tensorflow.label}, installed by another set-up`, changed: true }
    const largest = Math.max(...pin.wheels.map((wheel) => wheel.size))
    // pip holds two copies for a moment: the one it downloads and the one it hands over.
    requireSpace({
      folder: dirname(install),
      needed: pin.unpackedBytes + 2 * largest,
      what: `TensorFlow ${tensorflow.label}`,
    })
    await installFolder(install, (folder) => installWheels(pin, { folder, python, env, logs, view }))
    return { detail: `${tensorflow.label} in ${install}`, changed: true }
  })
}

/**
 * @param {import('./pins.mjs').TensorflowPin} pin
 * @param {{folder: string, python: string, env: Record<string, string | undefined>, logs: string, view: import('./reporter.mjs').StepView}} context
 */
async function installWheels(pin, { folder, python, env, logs, view }) {
  const total = pin.wheels.reduce((sum, wheel) => sum + wheel.size, 0)
  let before = 0
  for (const wheel of pin.wheels) {
    const temporary = join(folder, 'download')
    mkdirSync(temporary)
    const path = await downloadWheel(wheel, temporary, {
      python,
      env,
      log: join(logs, `download-${wheel.project}.log`),
      onProgress: (bytes) => view.progress({ label: 'downloading', done: before + bytes, total }),
    })
    before += wheel.size
    await unpackWheel(path, folder, view)
    rmSync(temporary, { recursive: true })
  }
}

/**
 * @param {string} path
 * @param {string} folder
 * @param {import('./reporter.mjs').StepView} view
 */
async function unpackWheel(path, folder, view) {
  const entries = (await readZipEntries(path)).filter((entry) => isKept(entry.name))
  view.working('unpacking')
  await extractZipEntries(path, entries, folder)
}
