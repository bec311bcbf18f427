// Links TensorFlow into the tfjs package, brings the binding – from the cache, or by compiling it – and proves once
// per Node version that it works.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bindingName, bindingPath, buildBinding, placeBinding } from './build-binding.mjs'
import { isInstalled } from './install-folder.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { areLinked, linkTensorflow } from './link-tensorflow.mjs'
import { withLock } from './lock.mjs'
import { verifyTensorflow } from './verify-tensorflow.mjs'

/**
 * @typedef {{root: string, tfjsPackage: string, cache: string, packageVersion: string,
 *   tensorflow: import('./choose-tensorflow.mjs').Tensorflow}} BindingPlace
 */

/** @param {BindingPlace} place */
export function bindingState({ tfjsPackage, cache, packageVersion, tensorflow }) {
  const name = bindingName({ packageVersion, tensorflowId: tensorflow.id, arch: process.arch })
  const target = join(cache, 'bindings', name)
  const stamp = join(tfjsPackage, 'lib/stillhouse.json')
  const { binding, sha256, verified } = readJson(stamp)
  const placed =
    binding === name &&
    sha256 === checksum(bindingPath(tfjsPackage)) &&
    areLinked(join(tfjsPackage, 'deps'), tensorflow.folder)
  return {
    name,
    target,
    stamp,
    placed,
    verified: placed && verified?.[process.version] === true,
    cached: isInstalled(target),
  }
}

/**
 * @param {BindingPlace & {tools: import('./check-platform.mjs').Tools, env: Record<string, string | undefined>, logs: string,
 *   view: import('./reporter.mjs').StepView}} context
 * @returns {Promise<import('./reporter.mjs').StepResult>}
 */
export async function setUpBinding(context) {
  const { root, tfjsPackage, tensorflow, env, logs, view } = context
  const state = bindingState(context)
  const detail = `tfjs ${context.packageVersion} on TensorFlow ${tensorflow.version}, N-API binding`
  if (state.verified && tensorflow.ready) return { detail: `${detail} in place` }
  let origin = 'in place'
  if (!state.placed) {
    origin = await bringBinding(context)
    linkTensorflow(join(tfjsPackage, 'deps'), tensorflow.folder)
    placeBinding(state.target, tfjsPackage)
  }
  view.working('loading it')
  const found = await verifyTensorflow({ root, env, logs, folder: tensorflow.install ?? tensorflow.folder })
  remember(state, tfjsPackage)
  return {
    detail: `tfjs ${found.tfjs} on TensorFlow ${found.tensorflow}, binding ${origin}, loads and computes`,
    changed: true,
  }
}

/**
 * @param {Parameters<typeof setUpBinding>[0]} context
 * @returns {Promise<string>} where it came from
 */
async function bringBinding(context) {
  const { target } = bindingState(context)
  const onWait = (/** @type {string} */ owner) =>
    context.view.say(`waiting for another set-up (process ${owner}) that is compiling it`)
  return withLock(`${target}.lock`, { onWait }, async () => {
    if (isInstalled(target)) return 'from the cache'
    context.view.working('compiling (about 15 s)')
    await buildBinding({ ...context, target, tensorflow: context.tensorflow.folder })
    return 'compiled'
  })
}

/**
 * @param {ReturnType<typeof bindingState>} state
 * @param {string} tfjsPackage
 */
function remember(state, tfjsPackage) {
  const before = state.placed ? readJson(state.stamp)['verified'] : {}
  const sha256 = checksum(bindingPath(tfjsPackage))
  updateJson(state.stamp, { binding: state.name, sha256, verified: { ...before, [process.version]: true } })
}

/**
 * @param {string} path
 * @returns {string | undefined} undefined when there is no such file
 */
function checksum(path) {
  if (!existsSync(path)) return undefined
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
