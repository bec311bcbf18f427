// Compiles the tfjs binding from its own binding.gyp with node-gyp, in a temporary folder, and keeps the result per
// user: a second checkout, or another Node version (the binding speaks N-API), takes it from there.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { classifyFailure } from './classify-failure.mjs'
import { freeBytes } from './disk.mjs'
import { installFolder } from './install-folder.mjs'
import { linkTensorflow } from './link-tensorflow.mjs'
import { commandFailed, diskFull, networkFailed } from './problems.mjs'
import { lastLines, runCommand } from './run-command.mjs'

/** The highest N-API version that the package lists in `binary.napi_versions`; every supported Node has it. */
const NAPI_VERSION = 8
const BINDING_FILE = 'tfjs_binding.node'

/** @param {{packageVersion: string, tensorflowId: string, arch: string}} parts */
export function bindingName({ packageVersion, tensorflowId, arch }) {
  return `tfjs-${packageVersion}-tensorflow-${tensorflowId}-napi${NAPI_VERSION}-${arch}`
}

/**
 * @param {{root: string, target: string, tfjsPackage: string, tensorflow: string, cache: string,
 *   tools: import('./check-platform.mjs').Tools, env: Record<string, string | undefined>, logs: string}} job
 *   `target` is the folder of the per-user cache that is to hold the binding
 */
export async function buildBinding({ root, target, tfjsPackage, tensorflow, cache, tools, env, logs }) {
  // Not in the cache, nor in node_modules: gyp cannot cope with a space in a path, and a home folder may have one.
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-binding-'))
  const log = join(logs, 'build-binding.log')
  try {
    for (const name of ['binding.gyp', 'package.json', 'binding']) {
      cpSync(join(tfjsPackage, name), join(folder, name), { recursive: true })
    }
    linkTensorflow(join(folder, 'deps'), tensorflow)
    const headers = nodeHeaders(env)
    const result = await runCommand(
      process.execPath,
      nodeGypArguments({ root, cache, headers, python: tools.python }),
      {
        cwd: folder,
        env: { ...env, CXX: tools.compiler },
        log,
      },
    )
    if (result.code !== 0) throw buildFailed({ output: result.output, folder, headers, log })
    await installFolder(target, async (temporary) =>
      copyFileSync(join(folder, 'build/Release', BINDING_FILE), join(temporary, BINDING_FILE)),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * `module_name` and `module_path` are what node-pre-gyp would pass; it would also try a download first.
 * @param {{root: string, cache: string, headers: string | undefined, python: string}} options
 */
export function nodeGypArguments({ root, cache, headers, python }) {
  return [
    join(root, 'node_modules/node-gyp/bin/node-gyp.js'),
    ...['rebuild', '--jobs=max', `--python=${python}`],
    headers ? `--nodedir=${headers}` : `--devdir=${join(cache, 'node-gyp')}`,
    ...['--module_name=tfjs_binding', '--module_path=./copy', `--napi_build_version=${NAPI_VERSION}`],
  ]
}

/**
 * Node's C headers, when they came with this Node: spares a download.
 * @param {Record<string, string | undefined>} env
 * @param {string} [node]
 * @returns {string | undefined} the folder that holds include/node of exactly this major version
 */
export function nodeHeaders(env, node = process.execPath) {
  const prefixes = [env['npm_config_nodedir'], dirname(dirname(node))]
  return prefixes.find((prefix) => prefix && hasHeaders(prefix))
}

/** @param {string} prefix */
function hasHeaders(prefix) {
  const file = join(prefix, 'include/node/node_version.h')
  if (!existsSync(file) || !existsSync(join(prefix, 'include/node/common.gypi'))) return false
  const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(file, 'utf8'))?.[1]
  return major === process.versions.node.split('.')[0]
}

/** @param {{output: string, folder: string, headers: string | undefined, log: string}} failure */
function buildFailed({ output, folder, headers, log }) {
  const errors = output
    .split('\n')
    .filter(
      (line) => /error|not found|No such file/i.test(line) && !/gyp ERR! (stack|cwd|node|System|command)/.test(line),
    )
  const detail = lastLines((errors.length > 0 ? errors : [output]).join('\n'), 5)
  const cause = classifyFailure(output)
  if (cause === 'disk')
    return diskFull({ folder, needed: 5e6, free: freeBytes(folder), what: 'compiling the TensorFlow binding' })
  if (cause === 'network' && !headers) {
    const failure = networkFailed({ what: "node-gyp downloaded Node's C headers", detail })
    failure.fix.unshift(
      'use a Node that brings its headers (include/node beside bin/node): official builds, version managers and images do; Debian: libnode-dev',
      'or export npm_config_nodedir=<the folder of such a Node>',
    )
    return failure
  }
  const why = /fatal error: (c\+\+|bits|cstd|string|memory|iostream|std)/.test(output)
    ? "the C++ compiler has no standard library headers: install the distribution's g++ package (Debian: g++, Fedora: gcc-c++)"
    : 'the C++ compiler could not build the TensorFlow binding'
  return commandFailed({ what: 'compiling the TensorFlow binding', why, detail, log })
}

/**
 * Copies, because a link would change the $ORIGIN from which the binding looks for TensorFlow.
 * @param {string} from the folder in the cache
 * @param {string} tfjsPackage
 */
export function placeBinding(from, tfjsPackage) {
  const path = bindingPath(tfjsPackage)
  mkdirSync(dirname(path), { recursive: true })
  // Removed first: a process that runs has the old file mapped, and writing into it would crash that process.
  rmSync(path, { force: true })
  copyFileSync(join(from, BINDING_FILE), path)
}

/** @param {string} tfjsPackage */
export function bindingPath(tfjsPackage) {
  return join(tfjsPackage, `lib/napi-v${NAPI_VERSION}`, BINDING_FILE)
}
