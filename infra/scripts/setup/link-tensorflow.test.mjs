import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { areLinked, linkTensorflow } from './link-tensorflow.mjs'
import { temporaryFolder, writeFiles } from './test-support.mjs'

/** @param {string} contents */
function tensorflow(contents) {
  const folder = temporaryFolder()
  writeFiles(folder, {
    'tensorflow/libtensorflow_cc.so.2': contents,
    'tensorflow/libtensorflow_framework.so.2': contents,
    'tensorflow/include/tensorflow/c/c_api.h': contents,
  })
  return join(folder, 'tensorflow')
}

describe('linkTensorflow', () => {
  it('gives the names the binding asks for, and does nothing the second time', () => {
    const deps = join(temporaryFolder(), 'deps')
    const one = tensorflow('one')
    expect(linkTensorflow(deps, one)).toBe(true)
    for (const name of [
      'libtensorflow.so',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so',
      'libtensorflow_framework.so.2',
    ]) {
      expect(readFileSync(join(deps, 'lib', name), 'utf8')).toBe('one')
    }
    expect(readFileSync(join(deps, 'include/tensorflow/c/c_api.h'), 'utf8')).toBe('one')
    expect(linkTensorflow(deps, one)).toBe(false)
  })

  it('turns to another TensorFlow, also over real files that an install script left', () => {
    const deps = join(temporaryFolder(), 'deps')
    writeFiles(deps, { 'lib/libtensorflow.so.2': 'of 2022', 'include/tensorflow/c/c_api.h': 'of 2022' })
    linkTensorflow(deps, tensorflow('two'))
    expect(readFileSync(join(deps, 'include/tensorflow/c/c_api.h'), 'utf8')).toBe('two')
    expect(existsSync(join(deps, 'lib/libtensorflow.so.2'))).toBe(false)
  })

  it('leads to CUDA where the libraries look for it, when it lies beside TensorFlow', () => {
    const deps = join(temporaryFolder(), 'deps')
    const gpu = tensorflow('gpu')
    linkTensorflow(deps, gpu)
    expect(existsSync(join(deps, 'lib/../nvidia'))).toBe(false)
    mkdirSync(join(gpu, '../nvidia/cudnn'), { recursive: true })
    expect(areLinked(deps, gpu)).toBe(false)
    linkTensorflow(deps, gpu)
    expect(existsSync(join(deps, 'lib/../nvidia/cudnn'))).toBe(true)
  })
})
