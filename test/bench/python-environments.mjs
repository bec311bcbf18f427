// The peers' Python environments: made once per user in Stillhouse's cache folder, from pinned versions on PyPI.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from '../../infra/scripts/setup/lock.mjs'
import { cacheRoot } from '../../infra/scripts/setup/paths.mjs'
import { findPython } from '../../infra/scripts/setup/python.mjs'
import { lastLines, runCommand } from '../../infra/scripts/setup/run-command.mjs'

const PYTHON = fileURLToPath(new URL('python/', import.meta.url))
const STAND_INS = join(PYTHON, 'cuda_stand_ins.py')

/**
 * @param {'pytorch' | 'tensorflow'} name
 * @param {(line: string) => void} say
 * @returns {Promise<string>} path of its python
 */
export async function pythonEnvironment(name, say) {
  const requirements = join(PYTHON, `requirements-${name}.txt`)
  const found = await findPython({ env: process.env, pip: true })
  if (!('path' in found)) throw new Error(`The peers need Python 3.11 or newer with pip. Missing: ${found.missing}.`)
  const version = await run(found.path, ['-c', 'import sys; print(sys.version)'])
  const key = createHash('sha256').update(version)
  for (const file of [requirements, STAND_INS]) key.update(readFileSync(file))
  const folder = join(cacheRoot(process.env), 'bench', `${name}-${key.digest('hex').slice(0, 12)}`)
  const python = join(folder, 'bin/python')
  const ready = join(folder, 'ready')
  if (existsSync(ready)) return python
  await withLock(`${folder}.lock`, { onWait: () => say(`waiting for another run that makes ${folder}`) }, async () => {
    if (existsSync(ready)) return
    say(`making a Python environment for ${name} in ${folder} (once)`)
    rmSync(folder, { recursive: true, force: true })
    await run(found.path, ['-m', 'venv', folder])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', requirements])
    if (name === 'pytorch') say((await run(python, [STAND_INS, await torchLibraries(python)])).trim())
    writeFileSync(ready, '')
  })
  return python
}

/** @param {string} python */
async function torchLibraries(python) {
  const script =
    'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0] + "/lib", end="")'
  return run(python, ['-c', script])
}

/** @param {string} command @param {string[]} args */
async function run(command, args) {
  const { code, output } = await runCommand(command, args)
  if (code === 0) return output
  throw new Error(`\`${[command, ...args].join(' ')}\` failed:\n${lastLines(output, 8).join('\n')}`)
}
