import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiProblem, type Client, type NamedContent } from '@stillhouse/client'
import type { Dataset } from '@stillhouse/spec'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { idOf, readDataFiles } from './data-files.ts'
import { uploadData } from './upload-data.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillhouse-upload-data-'))
  await mkdir(join(folder, 'set/train/cat'), { recursive: true })
  await writeFile(join(folder, 'set/train/cat/1.png'), 'cat')
  await writeFile(join(folder, 'set/labels.csv'), '')
  await writeFile(join(folder, 'single.npz'), 'npz')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const problem = (status: number): ApiProblem =>
  new ApiProblem({ type: 'about:blank', title: 't', status, code: 'dataset.not_found', detail: 'd' })

/** A service that answers getDataset with `known`, and notes what is sent. */
function service(known: Dataset | ApiProblem, answerId?: string) {
  const sent: Record<string, string> = {}
  const client = {
    getDataset: async () => {
      if (known instanceof ApiProblem) throw known
      return known
    },
    uploadDataset: async (files: Iterable<NamedContent>) => {
      for (const { path, content } of files)
        sent[path] = await new Response((await (content as () => Blob)()) as BodyInit).text()
      return { dataset: { id: answerId ?? idOf(await readDataFiles([join(folder, 'set')])) } as Dataset, isNew: true }
    },
  } as Pick<Client, 'getDataset' | 'uploadDataset'>
  return { client, sent }
}

it('names the files of a folder by their paths in it, and single files by their names', async () => {
  const files = await readDataFiles([join(folder, 'set'), join(folder, 'single.npz')])
  expect(files.map(({ path, size }) => [path, size])).toEqual([
    ['labels.csv', 0],
    ['train/cat/1.png', 3],
    ['single.npz', 3],
  ])
})

it('sends the content of every file', async () => {
  const { client, sent } = service(problem(404))
  expect(await uploadData(client, [join(folder, 'set')])).toMatchObject({ isNew: true })
  expect(sent).toEqual({ 'labels.csv': '', 'train/cat/1.png': 'cat' })
})

it('sends nothing when the service has the data set', async () => {
  const known = { id: 'known' } as Dataset
  const { client, sent } = service(known)
  expect(await uploadData(client, [join(folder, 'set')])).toEqual({ dataset: known, isNew: false })
  expect(sent).toEqual({})
})

it('sends with a key that may not ask', async () => {
  const { client, sent } = service(problem(403))
  await uploadData(client, [join(folder, 'set')])
  expect(Object.keys(sent)).toHaveLength(2)
})

it('does not take other files for the right ones', async () => {
  const { client } = service(problem(404), 'f'.repeat(64))
  await expect(uploadData(client, [join(folder, 'set')])).rejects.toThrow(/other files than there were/)
})

it.each([
  ['a link', async () => symlink('/etc/hostname', join(folder, 'set/link')), /set.link is a link/],
  ['a place that is not there', async () => rm(join(folder, 'set'), { recursive: true }), /cannot read .*set: ENOENT/],
  [
    'an empty folder',
    async () => rm(join(folder, 'set/train'), { recursive: true }).then(() => rm(join(folder, 'set/labels.csv'))),
    /there are no files in/,
  ],
  ['a name that a data set cannot have', async () => writeFile(join(folder, 'set/a\\b'), ''), /cannot be one data set/],
])('refuses %s and says so', async (_what, make, message) => {
  await make()
  await expect(readDataFiles([join(folder, 'set')])).rejects.toThrow(message)
})

it('refuses two files that would have one name', async () => {
  const file = join(folder, 'single.npz')
  await expect(readDataFiles([file, file])).rejects.toThrow(/two files have one path/)
})
