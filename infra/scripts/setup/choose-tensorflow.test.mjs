import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chooseTensorflow, linkedTensorflow } from './choose-tensorflow.mjs'
import { installFolder } from './install-folder.mjs'
import { failureOf, fakeProgram, temporaryFolder, writeFiles } from './test-support.mjs'

/** @param {string} [record] the folder that pip leaves beside the package */
function sitePackages(record = 'tensorflow_cpu-2.16.1.dist-info') {
  const folder = temporaryFolder()
  writeFiles(folder, {
    'tensorflow/libtensorflow_cc.so.2': 'cc',
    'tensorflow/libtensorflow_framework.so.2': 'framework',
    'tensorflow/include/tensorflow/c/c_api.h': '',
    'tensorflow/include/tensorflow/c/eager/c_api.h': '',
    'tensorflow_io_gcs_filesystem-0.37.0.dist-info/METADATA': '',
    'tensorflow_estimator-2.12.0.dist-info/METADATA': '',
    ...(record ? { [`${record}/METADATA`]: '' } : {}),
  })
  return folder
}

describe('linkedTensorflow', () => {
  it('takes the package folder, or the site-packages around it', () => {
    const site = sitePackages()
    const found = linkedTensorflow(join(site, 'tensorflow'))
    expect(found).toMatchObject({ version: '2.16.1', folder: join(site, 'tensorflow'), ready: true })
    expect(linkedTensorflow(site)).toEqual(found)
  })

  it.each(['tensorflow-2.13.0.dist-info', 'tensorflow-2.21.0.dist-info', 'tf_nightly-2.22.0.dev20260101.dist-info'])(
    'accepts %s',
    (record) => {
      expect(linkedTensorflow(sitePackages(record)).ready).toBe(true)
    },
  )

  it.each(['tensorflow-2.12.1.dist-info', 'tensorflow_cpu-2.9.1.dist-info', 'tensorflow_gpu-1.15.0.dist-info'])(
    'refuses %s as too old',
    async (record) => {
      const error = await failureOf(() => linkedTensorflow(sitePackages(record)))
      expect(error.message).toContain('is too old')
      expect(error.why).toContain('2.13 or newer')
    },
  )

  it('reads the version from the headers when pip left no record', () => {
    const site = sitePackages('')
    const header = 'tensorflow/include/tensorflow/core/public/version.h'
    writeFiles(site, { [header]: '#define TF_MAJOR_VERSION 2\n#define TF_MINOR_VERSION 15\n' })
    expect(linkedTensorflow(site).version).toBe('2.15')
  })

  it('does not guess a version', async () => {
    expect((await failureOf(() => linkedTensorflow(sitePackages('')))).why).toContain('tell the version')
  })

  it.each(['tensorflow/libtensorflow_cc.so.2', 'tensorflow/include/tensorflow/c/eager/c_api.h'])(
    'says that %s is not there',
    async (file) => {
      const site = sitePackages()
      rmSync(join(site, file))
      expect((await failureOf(() => linkedTensorflow(site))).why).toContain(file.replace('tensorflow/', ''))
    },
  )

  it('says that there is no such folder', async () => {
    expect((await failureOf(() => linkedTensorflow('/nowhere/tensorflow'))).message).toContain('/nowhere/tensorflow')
  })

  it('is another one after an upgrade in place, so that the binding is built again', () => {
    const site = sitePackages()
    const before = linkedTensorflow(site).id
    writeFileSync(join(site, 'tensorflow/libtensorflow_cc.so.2'), 'upgraded')
    expect(linkedTensorflow(site).id).not.toBe(before)
  })
})

describe('chooseTensorflow', () => {
  const here = { platform: 'linux-x64', env: {} }

  it('names the folder of the pinned one in the cache, and says whether it is there', async () => {
    const cache = temporaryFolder()
    const missing = await chooseTensorflow({ kind: 'cpu' }, { ...here, cache })
    expect(missing).toMatchObject({ version: '2.21.0', ready: false })
    expect(missing.install).toMatch(/\/tensorflow\/2\.21\.0-cpu-[0-9a-f]{12}$/)
    await installFolder(missing.install ?? '', async (folder) => writeFiles(folder, { file: 'x' }))
    expect(await chooseTensorflow({ kind: 'cpu' }, { ...here, cache })).toMatchObject({ ready: true })
  })

  it('keeps CPU and GPU apart', async () => {
    const cpu = await chooseTensorflow({ kind: 'cpu' }, { ...here, cache: '/c' })
    const gpu = await chooseTensorflow({ kind: 'gpu' }, { ...here, cache: '/c' })
    expect(gpu.install).not.toBe(cpu.install)
  })

  it('says that there is no GPU build for this platform', async () => {
    const error = await failureOf(() =>
      chooseTensorflow({ kind: 'gpu' }, { ...here, platform: 'linux-arm64', cache: '/c' }),
    )
    expect(error.message).toBe('--gpu is not available on linux-arm64')
  })

  it('asks Python where its TensorFlow is', async () => {
    const site = sitePackages()
    const programs = temporaryFolder()
    fakeProgram(programs, 'python3', `case "$2" in *find_spec*) echo ${site}/tensorflow;; esac`)
    const found = await chooseTensorflow(
      { kind: 'linked', path: 'python' },
      { ...here, env: { PATH: programs }, cache: '/c' },
    )
    expect(found.folder).toBe(join(site, 'tensorflow'))
  })

  it('says that this Python has none', async () => {
    const programs = temporaryFolder()
    const path = fakeProgram(programs, 'python3', 'echo')
    const choice = /** @type {const} */ ({ kind: 'linked', path: 'python' })
    const error = await failureOf(() => chooseTensorflow(choice, { ...here, env: { PATH: programs }, cache: '/c' }))
    expect(error.message).toBe(`--tensorflow python: ${path} has no TensorFlow`)
  })
})
