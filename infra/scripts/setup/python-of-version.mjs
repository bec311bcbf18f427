// Finds a Python of one of some versions: wheels are published for these only.
import { findExecutables } from './find-executable.mjs'
import { runCommand } from './run-command.mjs'

const NAMES = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10']

/**
 * @param {readonly string[]} versions such as 3.11
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<{path: string, version: string} | undefined>} the first that works and has pip
 */
export async function pythonOfVersion(versions, env) {
  const names = env['PYTHON'] ? [env['PYTHON'], ...NAMES] : NAMES
  const script = 'import sys, pip; print("is", "%d.%d" % sys.version_info[:2])'
  for (const path of names.flatMap((name) => findExecutables(name, env))) {
    const { code, output } = await runCommand(path, ['-c', script], { env })
    const version = code === 0 ? /is (\d+\.\d+)/.exec(output)?.[1] : undefined
    if (version && versions.includes(version)) return { path, version }
  }
  return undefined
}
