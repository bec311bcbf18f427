// Which TensorFlow is to be used: a pinned wheel in the per-user cache, or one that is installed for Python already.
// Both come out as the same thing: a folder that looks like site-packages/tensorflow.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { compareVersions } from './compare-versions.mjs'
import { isInstalled } from './install-folder.mjs'
import { cacheName } from './paths.mjs'
import { tensorflowPin } from './pins.mjs'
import { gpuUnsupported, platformUnsupported } from './problems.mjs'
import { findPython } from './python.mjs'
import { runCommand } from './run-command.mjs'
import { SetupError } from './setup-error.mjs'

/** Older ones do not ship libtensorflow_cc.so.2 in the wheel. */
export const OLDEST_TENSORFLOW = '2.13'
export const CC_LIBRARY = 'libtensorflow_cc.so.2'
export const FRAMEWORK_LIBRARY = 'libtensorflow_framework.so.2'

/**
 * @typedef {{id: string, version: string, label: string, folder: string, ready: boolean,
 *   pin?: import('./pins.mjs').TensorflowPin, install?: string}} Tensorflow
 *   `folder` holds the two libraries and include/; `id` names it in the keys of what is built against it;
 *   a pinned one that is not `ready` is to be installed into the folder `install`
 */

/**
 * @param {import('./options.mjs').TensorflowChoice} choice
 * @param {{platform: string, cache: string, env: Record<string, string | undefined>}} context
 * @returns {Promise<Tensorflow>}
 */
export async function chooseTensorflow(choice, { platform, cache, env }) {
  if (choice.kind === 'linked') return linkedTensorflow(choice.path === 'python' ? await askPython(env) : choice.path)
  const pin = tensorflowPin(platform, choice.kind)
  if (!pin) throw choice.kind === 'gpu' ? gpuUnsupported(platform) : platformUnsupported(platform)
  const id = cacheName(pin)
  const install = join(cache, 'tensorflow', id)
  const label = `${pin.version} (${pin.variant})`
  return {
    id,
    version: pin.version,
    label,
    folder: join(install, 'tensorflow'),
    ready: isInstalled(install),
    pin,
    install,
  }
}

/**
 * @param {string} path …/site-packages/tensorflow, or …/site-packages
 * @returns {Tensorflow}
 */
export function linkedTensorflow(path) {
  const given = resolve(path)
  const folder = existsSync(join(given, 'tensorflow/include')) ? join(given, 'tensorflow') : given
  if (!existsSync(folder)) throw notUsable(folder, 'there is no such folder')
  const version = installedVersion(folder)
  if (compareVersions(version, OLDEST_TENSORFLOW) < 0) throw tooOld(folder, version)
  for (const file of [
    CC_LIBRARY,
    FRAMEWORK_LIBRARY,
    'include/tensorflow/c/c_api.h',
    'include/tensorflow/c/eager/c_api.h',
  ]) {
    if (!existsSync(join(folder, file))) throw notUsable(folder, `${file} is not in it`)
  }
  const { size, mtimeMs } = statSync(join(folder, CC_LIBRARY))
  const identity = createHash('sha256')
    .update(`${realpathSync(folder)}\n${size}\n${mtimeMs}`)
    .digest('hex')
  return {
    id: cacheName({ version, variant: 'linked', sha256: identity }),
    version,
    label: `${version} (linked: ${folder})`,
    folder,
    ready: true,
  }
}

/**
 * pip's own record beside the package is asked first; TensorFlow ≥ 2.20 no longer writes its version into the headers.
 * @param {string} folder
 */
function installedVersion(folder) {
  const record = /^(?:tensorflow(?:_cpu|_gpu|_rocm|_intel|_cpu_aws)?|tf_nightly(?:_cpu)?)-(\d[\w.+]*)\.dist-info$/
  for (const name of readdirSync(dirname(folder))) {
    const version = record.exec(name)?.[1]
    if (version) return version
  }
  const header = join(folder, 'include/tensorflow/core/public/version.h')
  const text = existsSync(header) ? readFileSync(header, 'utf8') : ''
  const [major, minor] = ['MAJOR', 'MINOR'].map(
    (part) => new RegExp(`#define TF_${part}_VERSION (\\d+)`).exec(text)?.[1],
  )
  if (major && minor) return `${major}.${minor}`
  throw notUsable(folder, 'neither a tensorflow-*.dist-info folder beside it nor its headers tell the version')
}

/** @param {Record<string, string | undefined>} env */
async function askPython(env) {
  const python = await findPython({ env, pip: false })
  const fix = ['--tensorflow <path of site-packages/tensorflow>', 'or leave it out: set-up then downloads its own']
  if (!('path' in python)) throw new SetupError('--tensorflow python: there is no python3 to ask', { fix })
  const script =
    'import importlib.util as u; s = u.find_spec("tensorflow"); print(s.submodule_search_locations[0] if s else "")'
  const { code, output } = await runCommand(python.path, ['-c', script], { env })
  const folder = output.trim().split('\n').at(-1) ?? ''
  if (code === 0 && folder) return folder
  throw new SetupError(`--tensorflow python: ${python.path} has no TensorFlow`, {
    fix: ['set PYTHON to the Python that has it', ...fix],
  })
}

/** @param {string} folder @param {string} reason */
function notUsable(folder, reason) {
  return new SetupError(`cannot link to TensorFlow in ${folder}`, {
    why: reason,
    fix: [
      "give the package folder of a pip-installed TensorFlow: --tensorflow …/site-packages/tensorflow (Conda's builds are laid out differently)",
      'or download the pinned one: --cpu, or --gpu',
    ],
  })
}

/** @param {string} folder @param {string} version */
function tooOld(folder, version) {
  return new SetupError(`TensorFlow ${version} in ${folder} is too old`, {
    why: `Stillhouse needs TensorFlow ${OLDEST_TENSORFLOW} or newer: older ones do not ship the C library the binding links to`,
    fix: ['python3 -m pip install --upgrade tensorflow', 'or download the pinned one: --cpu, or --gpu'],
  })
}
