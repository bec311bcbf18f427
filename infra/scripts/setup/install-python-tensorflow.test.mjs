import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installPythonTensorflow, planPythonTensorflow } from './install-python-tensorflow.mjs'
import { readJson, updateJson } from './json-file.mjs'
import { PYTHON_TENSORFLOW, pythonRequirements } from './pins.mjs'
import { failureOf, fakeProgram, recordingView, temporaryFolder } from './test-support.mjs'

const INSTALLS =
  'while [ "$1" != --target ]; do shift; done; mkdir -p "$2/tensorflow/include"; echo > "$2/tensorflow/x.py"'

/**
 * A Python that says its version, and does as told when it is to install.
 * @param {{version?: string, pip?: string, starts?: string}} [options]
 */
function machineWithPython({ version = '3.12', pip = INSTALLS, starts = PYTHON_TENSORFLOW.version } = {}) {
  const folder = temporaryFolder()
  const script = `case "$*" in
  *version_info*) echo "is ${version}" ;;
  *pip\\ install*) ${pip} ;;
  *tensorflow*) echo "is ${starts} 3.0" ;;
esac`
  const python = fakeProgram(folder, 'python3', script)
  return { python, env: { PATH: `${folder}:/usr/bin:/bin` }, folder }
}

/** @param {Record<string, string>} env */
function contextOf(env) {
  const folder = temporaryFolder()
  const tools = join(folder, '.stillhouse/tools.json')
  return { platform: 'linux-x64', cache: join(folder, 'cache'), tools, env, logs: folder, view: recordingView() }
}

describe('planPythonTensorflow', () => {
  it('plans a folder for the version of Python that is there', async () => {
    const { python, env } = machineWithPython({ version: '3.13' })
    const context = contextOf(env)
    const plan = await planPythonTensorflow(context)
    expect(plan).toMatchObject({ python, ready: false })
    expect(plan.packages).toMatch(new RegExp(`^${context.cache}/python/${PYTHON_TENSORFLOW.version}-python3\\.13-`))
  })

  it('looks on when the first Python is too new for the wheel', async () => {
    const { folder } = machineWithPython({ version: '3.15' })
    const older = fakeProgram(folder, 'python3.11', 'echo "is 3.11"')
    expect((await planPythonTensorflow(contextOf({ PATH: folder }))).python).toBe(older)
  })

  it('says which versions it takes when there is none', async () => {
    const context = contextOf({ PATH: temporaryFolder() })
    const error = await failureOf(() => planPythonTensorflow(context))
    expect(error.message).toBe('no Python 3.10 to 3.13 with pip for the tests')
  })

  it('starts no Python when all is in place', async () => {
    const { env } = machineWithPython()
    const context = contextOf(env)
    const plan = await planPythonTensorflow(context)
    await installPythonTensorflow({ ...context, plan })
    const elsewhere = { ...context, env: { PATH: temporaryFolder() } }
    expect(await planPythonTensorflow(elsewhere)).toEqual({ ...plan, ready: true })
    updateJson(context.tools, { pythonTensorflow: { python: plan.python, packages: join(plan.packages, 'other') } })
    await expect(planPythonTensorflow(elsewhere)).rejects.toThrow(/no Python/)
  })
})

describe('installPythonTensorflow', () => {
  it('fills the folder, without what nobody needs, and tells the tests where it is', async () => {
    const { python, env } = machineWithPython()
    const context = contextOf(env)
    const plan = await planPythonTensorflow(context)
    expect((await installPythonTensorflow({ ...context, plan })).changed).toBe(true)
    expect(readdirSync(plan.packages).sort()).toEqual(['installed.json', 'tensorflow'])
    expect(existsSync(join(plan.packages, 'tensorflow/include'))).toBe(false)
    expect(readJson(context.tools)).toEqual({ pythonTensorflow: { python, packages: plan.packages } })
    const again = await planPythonTensorflow(context)
    expect((await installPythonTensorflow({ ...context, plan: again })).changed).toBe(false)
  })

  it.each([
    ['that does not start', { starts: 'broken' }, /starting TensorFlow in Python failed/],
    ['that cannot be downloaded', { pip: 'echo "NewConnectionError"; exit 1' }, /network failed while installing/],
    ['that the index lacks', { pip: 'echo "No matching distribution"; exit 1' }, /installing tensorflow .* failed/],
  ])('leaves nothing of one %s', async (_what, options, message) => {
    const context = contextOf(machineWithPython(options).env)
    const plan = await planPythonTensorflow(context)
    expect((await failureOf(() => installPythonTensorflow({ ...context, plan }))).message).toMatch(message)
    expect(readdirSync(dirname(plan.packages))).toEqual([])
  })
})

describe('pythonRequirements', () => {
  it('pins every package, and the wheel of each platform', () => {
    for (const line of pythonRequirements('linux-x64')) expect(line).toMatch(/^[a-z0-9-]+==[0-9.]+$/)
    expect(pythonRequirements('linux-x64')[0]).toBe(`tensorflow-cpu==${PYTHON_TENSORFLOW.version}`)
    expect(pythonRequirements('linux-arm64')[0]).toBe(`tensorflow==${PYTHON_TENSORFLOW.version}`)
  })
})
