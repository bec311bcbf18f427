import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { locate } from './locate.ts'

let base = ''
let root = ''
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'stillhouse-locate-'))
  root = path.join(base, 'root')
  await mkdir(path.join(root, 'sub'), { recursive: true })
  await mkdir(path.join(base, 'root-beside'))
  await writeFile(path.join(base, 'secret'), 'x')
  await writeFile(path.join(root, '..data'), 'x')
  await symlink(path.join(base, 'secret'), path.join(root, 'link'))
  await symlink(base, path.join(root, 'sub', 'up'))
  await symlink('..data', path.join(root, 'alias'))
})
afterAll(() => rm(base, { recursive: true }))

describe('locate, with the folder that data.from was brought to', () => {
  it('finds files in it, there or not, and behind links that stay inside', async () => {
    expect(await locate({ root, path: undefined })).toBe(root)
    expect(await locate({ root, path: 'sub' }, 'no such file')).toBe(path.join(root, 'sub', 'no such file'))
    expect(await locate({ root, path: 'sub/..' }, '..data')).toBe(path.join(root, '..data'))
    expect(await locate({ root, path: 'alias' })).toBe(path.join(root, 'alias'))
  })

  it.each([
    ['the folder above', '..', ''],
    ['a folder beside it whose name begins alike', '../root-beside', ''],
    ['a file above, by its own name', '.', '../secret'],
    ['a place above that does not exist yet', '.', '../nothing'],
    ['a way that turns back twice', 'sub', '../../secret'],
    ['a link to a file outside', 'link', ''],
    ['a link to a folder outside', 'sub/up', 'secret'],
    ['an absolute path', '/etc', 'passwd'],
  ])('does not leave it for %s', async (_what, given, name) => {
    await expect(locate({ root, path: given }, name)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringMatching(/the path in data.params cannot be used\. Expected .+, received .+\./),
    })
  })
})

describe('locate, without such a folder', () => {
  it('takes an absolute path of the worker', async () => {
    expect(await locate({ root: null, path: base }, 'secret')).toBe(path.join(base, 'secret'))
  })

  it('refuses a relative path, and none at all', async () => {
    await expect(locate({ root: null, path: 'sub' })).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('an absolute path on the worker'),
    })
    await expect(locate({ root: null, path: undefined })).rejects.toMatchObject({ code: 'data.not_found' })
  })
})
