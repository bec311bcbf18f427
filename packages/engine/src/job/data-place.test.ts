import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataPlace } from './data-place.ts'

let base = ''
let open = ''
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'stillhouse-place-'))
  open = path.join(base, 'open')
  await mkdir(path.join(open, 'digits'), { recursive: true })
  await mkdir(path.join(base, 'open-not'))
  await writeFile(path.join(base, 'secret'), 'x')
  await symlink(base, path.join(open, 'up'))
  await symlink(path.join(open, 'digits'), path.join(base, 'way-in'))
  await symlink(open, path.join(base, 'other-name'))
})
afterAll(() => rm(base, { recursive: true }))

const ask = (given: string | undefined, dataRoots?: string[]) =>
  dataPlace(
    dataRoots === undefined ? {} : { dataRoots },
    {},
    { name: 'data', params: { shape: [1], ...(given === undefined ? {} : { path: given }) } },
  )

describe('data at a path that a job names', () => {
  it('is taken from a folder that is open to jobs, and from those below', async () => {
    const digits = path.join(open, 'digits')
    expect(await ask(digits, ['/nowhere', open])).toEqual({ root: open, params: { shape: [1], path: 'digits' } })
    expect(await ask(open, [open])).toEqual({ root: open, params: { shape: [1], path: '.' } })
    expect(await ask(path.join(digits, '..', 'digits'), [open])).toMatchObject({ params: { path: 'digits' } })
  })

  it('is the same folder by whatever name it is reached', async () => {
    expect(await ask(path.join(base, 'way-in'), [open])).toEqual({ root: open, params: { shape: [1], path: 'digits' } })
    expect(await ask(path.join(open, 'digits'), [path.join(base, 'other-name')])).toMatchObject({ root: open })
  })

  it('that is not there is looked for in the open folder, which says that it is missing', async () => {
    expect(await ask(path.join(open, 'none'), [open])).toEqual({ root: open, params: { shape: [1], path: 'none' } })
  })

  it.each<[string, () => string]>([
    ['elsewhere', () => '/etc'],
    ['above it', () => path.dirname(open)],
    ['beside it, by a name that begins alike', () => path.join(base, 'open-not')],
    ['above it by way of ..', () => path.join(open, 'digits/../../secret').replace('secret', './secret')],
    ['outside behind a link', () => path.join(open, 'up', 'secret')],
    ['outside and not there', () => path.join(base, 'nothing')],
  ])('is refused when it lies %s, in words that do not tell whether it exists', async (_, given) => {
    await expect(ask(given(), [open])).rejects.toMatchObject({
      code: 'data.not_found',
      message: `Jobs may not read ${JSON.stringify(given())} on this worker. Expected a path in one of the folders that DATA_ROOTS of the worker opens to jobs (${open}), or data.from with the files.`,
    })
  })

  it('is refused wherever it lies when no folder is open', async () => {
    await expect(ask(open, [])).rejects.toMatchObject({ message: expect.stringContaining('(none are)') })
  })

  it('is nobody’s business where the job does not come from a service', async () => {
    expect(await ask('/etc')).toEqual({ root: null, params: { shape: [1], path: '/etc' } })
  })
})

describe('data that is not at a path', () => {
  it('lies in the folder that it was brought to, whatever folders are open', async () => {
    const from = { upload: 'a'.repeat(64) }
    const dataFolders = { data: '/cache/1/files' }
    const choice = { name: 'data', params: { path: 'train' } }
    expect(await dataPlace({ dataFolders, dataRoots: [] }, { from }, choice)).toEqual({
      root: '/cache/1/files',
      params: { path: 'train' },
    })
    await expect(dataPlace({ dataRoots: [] }, { from }, choice)).rejects.toMatchObject({ code: 'data.not_found' })
  })

  it('ships with the format when the job names no path', async () => {
    expect(await ask(undefined, [])).toEqual({ root: null, params: { shape: [1] } })
  })
})
