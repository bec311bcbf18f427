import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installSchemathesis, planSchemathesis } from './install-schemathesis.mjs'
import { readJson } from './json-file.mjs'
import { failureOf, fakeProgram, recordingView, temporaryFolder } from './test-support.mjs'

const VERSION = '4.0.0'
const INSTALLS =
  'while [ "$1" != --target ]; do shift; done; mkdir -p "$2/bin" "$2/schemathesis"; echo > "$2/schemathesis/x.py"'

/**
 * A Python that says its version, makes environments with a copy of itself, and does as told when it is to install.
 * @param {{version?: string, venv?: string, pip?: string, starts?: string}} [options]
 */
function machineWithPython({ version = '3.12', venv = '', pip = INSTALLS, starts = VERSION } = {}) {
  const folder = temporaryFolder()
  const makes = 'mkdir -p "$4/bin" "$4/lib"; cp "$0" "$4/bin/python"'
  const script = `case "$*" in
  *version_info*) echo "is ${version}" ;;
  *-m\\ venv*) ${venv || makes} ;;
  *sysconfig*) echo "$(dirname "$(dirname "$0")")/lib" ;;
  *pip\\ install*) ${pip} ;;
  *schemathesis*) echo "is ${starts}" ;;
esac`
  return { python: fakeProgram(folder, 'python3', script), env: { PATH: `${folder}:/usr/bin:/bin` } }
}

/** @param {Record<string, string>} env */
function contextOf(env) {
  const root = temporaryFolder()
  mkdirSync(join(root, 'test/fuzz/python'), { recursive: true })
  writeFileSync(join(root, 'test/fuzz/python/requirements.txt'), `schemathesis==${VERSION} \\\n    --hash=sha256:00\n`)
  const tools = join(root, '.stillhouse/tools.json')
  return { root, cache: join(root, 'cache'), tools, env, logs: root, view: recordingView() }
}

describe('planSchemathesis', () => {
  it('plans an environment for the version of Python that is there', async () => {
    const { python, env } = machineWithPython({ version: '3.13' })
    const context = contextOf(env)
    const plan = await planSchemathesis(context)
    expect(plan).toMatchObject({ base: python, version: VERSION, ready: false })
    expect(plan.environment).toMatch(new RegExp(`^${context.cache}/schemathesis/${VERSION}-python3\\.13-`))
  })

  it('says which versions it takes when there is none', async () => {
    const { python } = machineWithPython({ version: '3.10' })
    const error = await failureOf(() => planSchemathesis(contextOf({ PATH: dirname(python) })))
    expect(error.message).toBe('no Python 3.11 to 3.13 with pip for the tests')
  })

  it('plans another environment when a package is pinned anew', async () => {
    const context = contextOf(machineWithPython().env)
    const { environment } = await planSchemathesis(context)
    const list = join(context.root, 'test/fuzz/python/requirements.txt')
    writeFileSync(list, `schemathesis==${VERSION} \\\n    --hash=sha256:01\n`)
    expect((await planSchemathesis(context)).environment).not.toBe(environment)
  })
})

describe('installSchemathesis', () => {
  it('makes the environment, without what names the temporary folder, and tells the tests where its Python is', async () => {
    const context = contextOf(machineWithPython().env)
    const plan = await planSchemathesis(context)
    expect((await installSchemathesis({ ...context, plan })).changed).toBe(true)
    expect(readdirSync(plan.environment).sort()).toEqual(['bin', 'installed.json', 'lib'])
    expect(existsSync(join(plan.environment, 'lib/bin'))).toBe(false)
    expect(readJson(context.tools)).toEqual({ schemathesis: join(plan.environment, 'bin/python') })
    const elsewhere = { ...context, env: { PATH: temporaryFolder() } }
    const again = await planSchemathesis(elsewhere)
    expect(again).toMatchObject({ environment: plan.environment, ready: true })
    expect((await installSchemathesis({ ...elsewhere, plan: again })).changed).toBe(false)
  })

  it.each([
    ['that cannot be made', { venv: 'echo "No module named venv"; exit 1' }, /installing schemathesis .* failed/],
    ['that does not start', { starts: 'broken' }, /starting Schemathesis failed/],
    ['that cannot be downloaded', { pip: 'echo "NewConnectionError"; exit 1' }, /network failed while installing/],
    ['that the index lacks', { pip: 'echo "No matching distribution"; exit 1' }, /installing schemathesis .* failed/],
  ])('leaves nothing of one %s', async (_what, options, message) => {
    const context = contextOf(machineWithPython(options).env)
    const plan = await planSchemathesis(context)
    expect((await failureOf(() => installSchemathesis({ ...context, plan }))).message).toMatch(message)
    expect(readdirSync(dirname(plan.environment))).toEqual([])
    expect(readJson(context.tools)).toEqual({})
  })
})
