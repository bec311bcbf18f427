import { createHash } from 'node:crypto'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bindingPath, placeBinding } from './build-binding.mjs'
import { installFolder } from './install-folder.mjs'
import { updateJson } from './json-file.mjs'
import { linkTensorflow } from './link-tensorflow.mjs'
import { bindingState, setUpBinding } from './set-up-binding.mjs'
import { recordingView, temporaryFolder, writeFiles } from './test-support.mjs'

/** @param {string} id */
function tensorflow(id) {
  const folder = join(temporaryFolder(), 'tensorflow')
  writeFiles(folder, { 'libtensorflow_cc.so.2': '', 'libtensorflow_framework.so.2': '', 'include/c_api.h': '' })
  return { id, version: '2.21.0', label: '2.21.0 (cpu)', folder, ready: true }
}

/** A checkout whose binding was placed and verified by an earlier run. */
async function finished() {
  const root = temporaryFolder()
  const context = {
    root,
    tfjsPackage: join(root, 'tfjs-node-gpu'),
    cache: temporaryFolder(),
    packageVersion: '4.22.0',
    tensorflow: tensorflow('2.21.0-cpu-0123456789ab'),
  }
  const { target, name, stamp } = bindingState(context)
  await installFolder(target, async (folder) => writeFiles(folder, { 'tfjs_binding.node': 'compiled' }))
  linkTensorflow(join(context.tfjsPackage, 'deps'), context.tensorflow.folder)
  placeBinding(target, context.tfjsPackage)
  const sha256 = createHash('sha256').update('compiled').digest('hex')
  updateJson(stamp, { binding: name, sha256, verified: { [process.version]: true } })
  return context
}

describe('bindingState', () => {
  it('is content with what an earlier run left', async () => {
    expect(bindingState(await finished())).toMatchObject({ placed: true, verified: true, cached: true })
  })

  it('knows a fresh checkout that can take the binding from the cache', async () => {
    const context = await finished()
    rmSync(context.tfjsPackage, { recursive: true })
    expect(bindingState(context)).toMatchObject({ placed: false, verified: false, cached: true })
  })

  it('notices a binding that was changed', async () => {
    const context = await finished()
    appendFileSync(bindingPath(context.tfjsPackage), 'x')
    expect(bindingState(context)).toMatchObject({ placed: false, verified: false })
  })

  it('notices links that were removed', async () => {
    const context = await finished()
    rmSync(join(context.tfjsPackage, 'deps'), { recursive: true })
    expect(bindingState(context)).toMatchObject({ placed: false, verified: false })
  })

  it('wants another binding for another TensorFlow', async () => {
    const context = await finished()
    expect(bindingState({ ...context, tensorflow: tensorflow('2.21.0-gpu-0123456789ab') })).toMatchObject({
      placed: false,
      cached: false,
    })
  })

  it('tries the same binding again under another Node', async () => {
    const context = await finished()
    updateJson(bindingState(context).stamp, { verified: { 'v20.0.0': true } })
    expect(bindingState(context)).toMatchObject({ placed: true, verified: false })
  })
})

describe('setUpBinding', () => {
  it('does nothing when there is nothing to do', async () => {
    const context = await finished()
    const view = recordingView()
    const result = await setUpBinding({
      ...context,
      tools: { python: '', compiler: '' },
      env: process.env,
      logs: context.root,
      view,
    })
    expect(result).toEqual({ detail: 'tfjs 4.22.0 on TensorFlow 2.21.0, N-API binding in place' })
    expect(view.said).toEqual([])
  })
})
