// Conformance of the artifact stores: one list of promises, kept by a folder and by a real S3 server.
import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { type ArtifactStore, createArtifactStore } from '@stillhouse/artifacts'
import { startS3 } from '@stillhouse/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface TestStore {
  readonly store: ArtifactStore
  /** Makes every later write fail. */
  breakDown(): Promise<void>
  stop(): Promise<void>
}

async function startFolder(folder: string): Promise<TestStore> {
  const root = join(folder, 'store')
  return {
    store: createArtifactStore(pathToFileURL(root).href),
    async breakDown() {
      await rm(root, { recursive: true })
      await writeFile(root, 'a file in the way')
    },
    stop: async () => {},
  }
}

async function startBucket(): Promise<TestStore> {
  const s3 = await startS3()
  return { store: createArtifactStore(s3.url, s3.env), breakDown: s3.stop, stop: s3.stop }
}

const sha256Of = (content: Buffer): string => hash('sha256', content)
const read = async (stream: Promise<Readable>): Promise<Buffer> => buffer(await stream)

/** The content in pieces, as a network would bring it. */
function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let start = 0; start < content.length; start += 65_536) yield content.subarray(start, start + 65_536)
}
const streamOf = (content: Buffer): Readable => Readable.from(piecesOf(content))

describe.each([
  ['folder', startFolder],
  ['S3', startBucket],
])('the artifact store on %s', (_name, start) => {
  let folder: string
  let running: TestStore
  let store: ArtifactStore

  // Everything that may be left behind lies under one folder: the store's own files, the server's, the spool's.
  const everything = async (): Promise<string[]> => (await readdir(folder, { recursive: true })).sort()

  const put = async (content: Buffer): Promise<string> => {
    const sha256 = sha256Of(content)
    await store.put(sha256, streamOf(content))
    return sha256
  }

  const oldTmpdir = process.env['TMPDIR']
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stillhouse-artifacts-'))
    process.env['TMPDIR'] = folder
    running = await start(folder)
    store = running.store
  })

  afterAll(async () => {
    await store.close()
    await running.stop()
    if (oldTmpdir === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = oldTmpdir
    await rm(folder, { recursive: true, force: true })
  })

  it('gives back what was stored, byte for byte, and knows its size', async () => {
    const content = randomBytes(300_000)
    const sha256 = await put(content)
    expect(await store.has(sha256)).toBe(true)
    expect(await store.size(sha256)).toBe(content.length)
    expect((await read(store.get(sha256))).equals(content)).toBe(true)
  })

  it('stores content larger than one S3 part whole', async () => {
    const content = randomBytes(12_000_000)
    const sha256 = await put(content)
    expect(sha256Of(await read(store.get(sha256)))).toBe(sha256)
  })

  it('stores an empty file', async () => {
    const sha256 = await put(Buffer.alloc(0))
    expect(await store.size(sha256)).toBe(0)
    expect(await read(store.get(sha256))).toHaveLength(0)
  })

  it('lists every blob once, in order, page by page, with its size and when it came', async () => {
    const began = Date.now() - 2000
    const sent = new Map<string, number>()
    for (let size = 1; size <= 7; size += 1) sent.set(await put(Buffer.alloc(size, 'list')), size)
    await store.ping()
    const listed = new Map<string, number>()
    let after = ''
    for (;;) {
      const page = await store.list(after, 3)
      for (const { sha256, size, storedAt } of page) {
        expect([listed.has(sha256), sha256 > after]).toEqual([false, true])
        expect(Math.abs(storedAt.getTime() - began)).toBeLessThan(120_000)
        listed.set(sha256, size)
        after = sha256
      }
      if (page.length < 3) break
    }
    for (const [sha256, size] of sent) expect(listed.get(sha256)).toBe(size)
    expect(listed.size).toBe((await store.list('', 1000)).length)
    expect(await store.list('f'.repeat(64), 10)).toEqual([])
    await expect(store.list('../../etc', 10)).rejects.toMatchObject({ code: 'request.invalid' })
  })

  it('takes the same content twice, also at the same time', async () => {
    const content = randomBytes(100_000)
    const [sha256] = await Promise.all([put(content), put(content), put(content)])
    await put(content)
    expect((await read(store.get(sha256))).equals(content)).toBe(true)
  })

  it.each([
    ['the first bytes', 0, 1, 0, 2],
    ['a part in the middle', 10, 19, 10, 20],
    ['a part that ends past the end', 990, 5000, 990, 1000],
    ['everything', 0, 999, 0, 1000],
  ])('reads a range: %s', async (_title, start, end, from, to) => {
    const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))
    const sha256 = await put(content)
    expect(await read(store.get(sha256, { start, end }))).toEqual(content.subarray(from, to))
  })

  it.each([
    [1000, 1000],
    [-1, 5],
    [5, 4],
    [0.5, 4],
  ])('refuses the range %d-%d of 1000 bytes', async (start, end) => {
    const sha256 = await put(Buffer.alloc(1000, 7))
    await expect(store.get(sha256, { start, end })).rejects.toMatchObject({ code: 'artifact.range_not_satisfiable' })
  })

  it('refuses content that does not have its digest, and keeps nothing of it', async () => {
    await put(Buffer.from('so that the folders exist'))
    const before = await everything()
    const announced = sha256Of(Buffer.from('something else'))
    await expect(store.put(announced, streamOf(randomBytes(200_000)))).rejects.toMatchObject({
      code: 'blob.digest_mismatch',
      message: expect.stringContaining(announced),
    })
    expect(await store.has(announced)).toBe(false)
    expect(await everything()).toEqual(before)
  })

  it('keeps nothing when the sender breaks off, and passes its error on', async () => {
    await put(Buffer.from('so that the folders exist'))
    const before = await everything()
    const content = randomBytes(200_000)
    const broken = Readable.from(
      (function* () {
        yield content
        throw new Error('connection reset by peer')
      })(),
    )
    await expect(store.put(sha256Of(content), broken)).rejects.toThrow('connection reset by peer')
    expect(await store.has(sha256Of(content))).toBe(false)
    expect(await everything()).toEqual(before)
  })

  it('says that content is not there', async () => {
    const sha256 = sha256Of(Buffer.from('never stored'))
    expect(await store.has(sha256)).toBe(false)
    await expect(store.size(sha256)).rejects.toMatchObject({ code: 'blob.not_found' })
    await expect(store.get(sha256)).rejects.toMatchObject({ code: 'blob.not_found' })
    await expect(store.get(sha256, { start: 0, end: 1 })).rejects.toMatchObject({ code: 'blob.not_found' })
  })

  it('deletes content, and does not mind deleting it again', async () => {
    const content = randomBytes(1000)
    const sha256 = await put(content)
    await store.delete(sha256)
    expect(await store.has(sha256)).toBe(false)
    await store.delete(sha256)
    expect(await put(content)).toBe(sha256)
    expect(await store.has(sha256)).toBe(true)
  })

  it.each([
    '',
    '..',
    '../../../etc/passwd',
    'A'.repeat(64),
    'a'.repeat(63),
    `${'a'.repeat(64)}\n`,
    `a/${'b'.repeat(62)}`,
  ])('never trusts the name %j', async (name) => {
    const refused = { code: 'request.invalid' }
    await expect(store.has(name)).rejects.toMatchObject(refused)
    await expect(store.size(name)).rejects.toMatchObject(refused)
    await expect(store.get(name)).rejects.toMatchObject(refused)
    await expect(store.delete(name)).rejects.toMatchObject(refused)
    await expect(store.put(name, streamOf(Buffer.from('x')))).rejects.toMatchObject(refused)
  })

  it('answers a ping while it can be written to, and tells the operator when it cannot', async () => {
    await store.ping()
    await running.breakDown()
    const refused = { code: 'service.unavailable', status: 503 }
    await expect(store.ping()).rejects.toMatchObject(refused)
    await expect(put(randomBytes(100))).rejects.toMatchObject(refused)
  })
})

it('a bucket that does not exist reads as a fault of the service, not as missing content', async () => {
  const s3 = await startS3()
  const store = createArtifactStore('s3://no-such-bucket', s3.env)
  try {
    const fault = { code: 'service.unavailable', message: expect.stringContaining('no-such-bucket') }
    await expect(store.ping()).rejects.toMatchObject(fault)
    await expect(store.put(sha256Of(Buffer.from('x')), streamOf(Buffer.from('x')))).rejects.toMatchObject(fault)
    await expect(store.get(sha256Of(Buffer.from('x')))).rejects.toMatchObject(fault)
  } finally {
    await store.close()
    await s3.stop()
  }
})

it('credentials that the S3 server does not know are named as the fault', async () => {
  const s3 = await startS3()
  const store = createArtifactStore(s3.url, { ...s3.env, AWS_ACCESS_KEY_ID: 'stranger' })
  try {
    await expect(store.ping()).rejects.toMatchObject({
      code: 'service.unavailable',
      message: expect.stringMatching(/InvalidAccessKeyId.*credentials/),
    })
  } finally {
    await store.close()
    await s3.stop()
  }
})

it('an S3 server that ignores a range is an error, never wrong bytes', async () => {
  const s3 = await startS3()
  const store = createArtifactStore(s3.url, s3.env)
  const content = Buffer.from('0123456789')
  try {
    await store.put(sha256Of(content), streamOf(content))
    // this server answers bytes=0-0 with the whole object
    await expect(store.get(sha256Of(content), { start: 0, end: 0 })).rejects.toMatchObject({
      code: 'service.unavailable',
      message: expect.stringContaining('bytes 0-0/10'),
    })
  } finally {
    await store.close()
    await s3.stop()
  }
})
