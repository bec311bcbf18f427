import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bindingName, bindingPath, nodeGypArguments, nodeHeaders, placeBinding } from './build-binding.mjs'
import { temporaryFolder, writeFiles } from './test-support.mjs'

/** @param {string | undefined} major */
function nodeFolder(major) {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'bin'))
  writeFiles(folder, { 'bin/node': '' })
  if (major)
    writeFiles(folder, {
      'include/node/node_version.h': `#define NODE_MAJOR_VERSION ${major}\n`,
      'include/node/common.gypi': '',
    })
  return folder
}
const OWN_MAJOR = process.versions.node.split('.')[0]

describe('bindingName', () => {
  const parts = { packageVersion: '4.22.0', tensorflowId: '2.21.0-cpu-0123456789ab', arch: 'x64' }

  it('has everything in it that the compiled file depends on', () => {
    expect(bindingName(parts)).toBe('tfjs-4.22.0-tensorflow-2.21.0-cpu-0123456789ab-napi8-x64')
  })

  it.each([{ packageVersion: '4.23.0' }, { tensorflowId: '2.21.0-gpu-0123456789ab' }, { arch: 'arm64' }])(
    'differs for %j',
    (other) => {
      expect(bindingName({ ...parts, ...other })).not.toBe(bindingName(parts))
    },
  )
})

describe('nodeHeaders', () => {
  it('finds them beside the running Node', () => {
    const folder = nodeFolder(OWN_MAJOR)
    expect(nodeHeaders({}, join(folder, 'bin/node'))).toBe(folder)
  })

  it('prefers the folder that npm was told of', () => {
    const folder = nodeFolder(OWN_MAJOR)
    expect(nodeHeaders({ npm_config_nodedir: folder }, '/nowhere/bin/node')).toBe(folder)
  })

  it.each([
    ['of another major version', '12'],
    ['that are not there', undefined],
  ])('leaves headers %s', (_name, major) => {
    expect(nodeHeaders({}, join(nodeFolder(major), 'bin/node'))).toBeUndefined()
  })
})

describe('nodeGypArguments', () => {
  it('downloads no headers when there are some', () => {
    const args = nodeGypArguments({ root: '/r', cache: '/c', headers: '/usr', python: '/p' })
    expect(args).toContain('--nodedir=/usr')
    expect(args).toContain('--python=/p')
    expect(args.some((arg) => arg.startsWith('--devdir'))).toBe(false)
  })

  it('keeps headers that it has to download in the cache', () => {
    expect(nodeGypArguments({ root: '/r', cache: '/c', headers: undefined, python: '/p' })).toContain(
      '--devdir=/c/node-gyp',
    )
  })
})

describe('placeBinding', () => {
  it('puts the file where the tfjs package looks for it', async () => {
    const cache = temporaryFolder()
    const tfjs = temporaryFolder()
    writeFiles(cache, { 'tfjs_binding.node': 'compiled' })
    placeBinding(cache, tfjs)
    placeBinding(cache, tfjs)
    expect(bindingPath(tfjs)).toBe(join(tfjs, 'lib/napi-v8/tfjs_binding.node'))
  })
})
