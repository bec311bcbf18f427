// Finds a Python that works: the first on the PATH may be a version manager's shim that points nowhere, or lack pip.
import { findExecutables } from './find-executable.mjs'
import { runCommand } from './run-command.mjs'

/**
 * @param {{env: Record<string, string | undefined>, pip: boolean}} want
 * @returns {Promise<{path: string} | {missing: ('python' | 'pip')[]}>}
 */
export async function findPython({ env, pip }) {
  let found = false
  for (const path of candidates(env)) {
    if (!(await works(path, ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))'], env))) continue
    if (!pip || (await works(path, ['-m', 'pip', '--version'], env))) return { path }
    found = true
  }
  return { missing: found ? ['pip'] : pip ? ['python', 'pip'] : ['python'] }
}

/** @param {Record<string, string | undefined>} env */
function candidates(env) {
  const names = env['PYTHON'] ? [env['PYTHON']] : ['python3', 'python']
  return names.flatMap((name) => findExecutables(name, env))
}

/**
 * @param {string} path
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 */
async function works(path, args, env) {
  return (await runCommand(path, args, { env })).code === 0
}
