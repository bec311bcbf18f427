// First step: can this machine run the whole thing? Everything that later steps will need is looked for now, so that
// nobody waits for a long download to be told that a compiler is missing.
import { compareVersions } from './compare-versions.mjs'
import { distributionFamily } from './distribution.mjs'
import { findExecutables } from './find-executable.mjs'
import { libcUnsupported, platformUnsupported, toolsMissing } from './problems.mjs'
import { findPython } from './python.mjs'
import { SetupError } from './setup-error.mjs'

const SUPPORTED = ['linux-x64', 'linux-arm64']
const OLDEST_GLIBC = '2.27'

/** @typedef {import('./problems.mjs').Tool} Tool */

/**
 * @param {{platform: string, glibc: string | undefined}} machine
 * @returns {string} for the step's line
 */
export function checkPlatform({ platform, glibc }) {
  if (!SUPPORTED.includes(platform)) throw platformUnsupported(platform)
  if (glibc === undefined) throw libcUnsupported('musl')
  if (compareVersions(glibc, OLDEST_GLIBC) < 0) throw libcUnsupported(`glibc ${glibc}`)
  return `${platform}, glibc ${glibc}, Node ${process.versions.node}`
}

/** @returns {{platform: string, glibc: string | undefined}} `glibc` is undefined where there is another C library */
export function thisMachine() {
  const platform = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') return { platform, glibc: undefined }
  // Without this the report looks up every network interface by name, which can take seconds.
  Object.assign(process.report, { excludeNetwork: true })
  const report = /** @type {{header?: {glibcVersionRuntime?: string}}} */ (
    /** @type {unknown} */ (process.report.getReport())
  )
  return { platform, glibc: report.header?.glibcVersionRuntime }
}

/**
 * @typedef {{python: string, compiler: string}} Tools paths; empty when not needed
 * @param {{pip: boolean, compile: boolean, env: Record<string, string | undefined>}} need
 * @returns {Promise<Tools>} throws one error that names every tool that is missing
 */
export async function findTools({ pip, compile, env }) {
  /** @type {Tool[]} */
  const missing = []
  let python = ''
  if (pip || compile) {
    const found = await findPython({ env, pip })
    if ('path' in found) python = found.path
    else missing.push(...found.missing)
  }
  const compiler = compile ? findCompiler(env) : ''
  if (compiler === undefined) missing.push('compiler')
  if (compile && findExecutables('make', env).length === 0) missing.push('make')
  if (missing.length > 0) throw toolsMissing(missing, distributionFamily())
  return { python, compiler: compiler ?? '' }
}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {string | undefined} what CXX is to be set to
 */
function findCompiler(env) {
  // CXX may be more than one word (`ccache g++`); the first is the program.
  if (env['CXX']) {
    if (findExecutables(env['CXX'].split(' ')[0] ?? '', env).length > 0) return env['CXX']
    throw new SetupError(`CXX is set to "${env['CXX']}", which is not on the PATH`, {
      fix: ['unset CXX, or set it to a C++ compiler'],
    })
  }
  return ['g++', 'c++', 'clang++'].find((name) => findExecutables(name, env).length > 0)
}
