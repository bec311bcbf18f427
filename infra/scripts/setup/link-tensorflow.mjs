// Puts TensorFlow where the tfjs package expects it: deps/ in its folder, as links. The binding finds the libraries
// there through its rpath ($ORIGIN/../../deps/lib).
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CC_LIBRARY, FRAMEWORK_LIBRARY } from './choose-tensorflow.mjs'

/**
 * @param {string} tensorflow folder with the libraries and include/
 * @returns {Record<string, string>} link below deps/ → what it points to
 */
function tensorflowLinks(tensorflow) {
  const cc = join(tensorflow, CC_LIBRARY)
  const framework = join(tensorflow, FRAMEWORK_LIBRARY)
  const nvidia = join(dirname(tensorflow), 'nvidia')
  return {
    include: join(tensorflow, 'include'),
    'lib/libtensorflow.so': cc,
    [`lib/${CC_LIBRARY}`]: cc,
    'lib/libtensorflow_framework.so': framework,
    [`lib/${FRAMEWORK_LIBRARY}`]: framework,
    // The loader takes $ORIGIN from the link, not from what it points to: TensorFlow's own rpath to CUDA,
    // $ORIGIN/../nvidia/…, is to lead somewhere from here.
    ...(existsSync(nvidia) ? { nvidia } : {}),
  }
}

/**
 * @param {string} deps the folder that is to hold the links
 * @param {string} tensorflow
 * @returns {boolean} whether anything had to be changed
 */
export function linkTensorflow(deps, tensorflow) {
  const links = tensorflowLinks(tensorflow)
  if (areLinked(deps, tensorflow)) return false
  rmSync(deps, { recursive: true, force: true })
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(dirname(join(deps, name)), { recursive: true })
    symlinkSync(target, join(deps, name))
  }
  return true
}

/**
 * @param {string} deps
 * @param {string} tensorflow
 */
export function areLinked(deps, tensorflow) {
  return Object.entries(tensorflowLinks(tensorflow)).every(([name, target]) => linkTarget(join(deps, name)) === target)
}

/** @param {string} path */
function linkTarget(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined
}
