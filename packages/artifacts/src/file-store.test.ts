import { hash } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ArtifactStore } from './artifact-store.ts'
import { createFileStore } from './file-store.ts'

vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof import('node:fs/promises')>()
  return { ...real, writeFile: vi.fn(real.writeFile) }
})

const sha256Of = (content: string): string => hash('sha256', content)

describe('the file store', () => {
  let folder: string
  let store: ArtifactStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stillhouse-file-store-'))
    store = createFileStore(folder)
  })

  afterEach(async () => {
    vi.mocked(writeFile).mockReset()
    await rm(folder, { recursive: true })
  })

  const filesIn = async (): Promise<string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  }

  it('spreads blobs over two levels of folders named by the digest', async () => {
    const sha256 = sha256Of('hello')
    await store.put(sha256, Readable.from(['hello']))
    expect(await filesIn()).toEqual([join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256)])
  })

  it('says that the disk is full, keeps nothing, and lets the sender finish', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    vi.mocked(writeFile).mockImplementationOnce(async (_file, content) => {
      for await (const chunk of content as AsyncIterable<Buffer>) if (chunk.length > 0) throw full
    })
    const content = Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(100_000)))
    const sent = new Promise((resolve) => content.once('end', resolve))
    await expect(store.put(sha256Of('x'), content)).rejects.toMatchObject({
      code: 'service.unavailable',
      message: expect.stringMatching(/ARTIFACT_URL.*is full.*ENOSPC/),
      cause: full,
    })
    await sent
    expect(await filesIn()).toEqual([])
  })

  it('finds and removes what a process that died left behind, but not what is being written', async () => {
    const incoming = join(folder, 'incoming')
    await mkdir(incoming)
    for (const name of ['old', 'new']) await (await open(join(incoming, name), 'w')).close()
    const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60
    await utimes(join(incoming, 'old'), twoDaysAgo, twoDaysAgo)
    expect(await store.leftovers()).toEqual(['old'])
    await store.removeLeftover('old')
    expect(await readdir(incoming)).toEqual(['new'])
    await store.removeLeftover('old')
  })

  it('removes no file that lies elsewhere, whatever the name of a leftover', async () => {
    await store.put(sha256Of('hello'), Readable.from(['hello']))
    const [path = ''] = await filesIn()
    await store.removeLeftover(`../${path.slice(folder.length + 1)}`)
    expect(await filesIn()).toEqual([path])
    expect(await store.leftovers()).toEqual([])
  })

  it('answers a ping only when a file can really be written, and leaves none', async () => {
    await store.ping()
    expect(await filesIn()).toEqual([])
    vi.mocked(writeFile).mockRejectedValueOnce(Object.assign(new Error('EROFS'), { code: 'EROFS' }))
    await expect(store.ping()).rejects.toMatchObject({
      code: 'service.unavailable',
      message: expect.stringContaining('is mounted read-only'),
    })
  })

  it('cannot be pinged when a file stands where its folder should be', async () => {
    const file = join(folder, 'file')
    await (await open(file, 'w')).close()
    await expect(createFileStore(file).ping()).rejects.toMatchObject({
      code: 'service.unavailable',
      message: expect.stringContaining('is not a folder'),
    })
  })
})
