import { hash, randomUUID } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@stillhouse/kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDataCache, type DataCache, type HeldData } from './data-cache.ts'
import type { RemoteData } from './remote-data.ts'
import type { Transfer } from './transfer-progress.ts'

let dir = ''
let cache: DataCache
/** Paths that were fetched, in order. */
let fetched: string[] = []

const open = (maxBytes = 1000): DataCache =>
  createDataCache({ dir, maxBytes, progressMs: 10, logger: createLogger('worker', 'silent') })

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'stillhouse-data-cache-')), 'cache')
  cache = open()
  fetched = []
})
afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }))

const sha256 = (text: string): string => hash('sha256', text)

type Fetch = (target: string, signal: AbortSignal) => Promise<void>

function remote(texts: Record<string, string>, key = sha256(JSON.stringify(texts)), fetch?: Fetch): RemoteData {
  const files = Object.entries(texts).map(([path, text]) => ({
    path,
    size: text.length,
    sha256: sha256(text),
    fetch:
      fetch ??
      (async (target: string) => {
        fetched.push(path)
        await writeFile(target, text)
      }),
  }))
  return { key, label: `data set ${key}`, files }
}

const never = new AbortController().signal
const acquire = (
  data: RemoteData,
  signal = never,
  onProgress: (done: Transfer) => void = () => {},
): Promise<HeldData> => cache.acquire(data, { signal, onProgress })
const sized = (name: string, bytes: number): RemoteData => remote({ file: name.repeat(bytes) }, name)
const keys = async (): Promise<string[]> => (await readdir(dir)).sort()

describe('a cached data set', () => {
  it('is fetched once, whole, and then taken from the disk', async () => {
    const data = remote({ 'train/a.csv': '1', 'b.csv': '22' })
    const first = await acquire(data)
    expect(await readFile(join(first.dir, 'train/a.csv'), 'utf8')).toBe('1')
    expect((await readdir(first.dir)).sort()).toEqual(['b.csv', 'train'])
    const second = await acquire(data)
    expect([first.cached, second.cached, second.dir]).toEqual([false, true, first.dir])
    expect(fetched.sort()).toEqual(['b.csv', 'train/a.csv'])
    expect(await keys()).toEqual([data.key])
  })

  it('is fetched once for attempts that want it at the same time', async () => {
    const data = remote({ a: '1' })
    const held = await Promise.all(Array.from({ length: 5 }, () => acquire(data)))
    expect(new Set(held.map((one) => one.dir)).size).toBe(1)
    expect(fetched).toEqual(['a'])
  })

  it('is shared with another worker that has the same folder', async () => {
    const data = remote({ a: '1' })
    await acquire(data)
    cache = open()
    expect((await acquire(data)).cached).toBe(true)
    expect(fetched).toEqual(['a'])
  })

  it('is the same when two workers fetch it at once', async () => {
    const data = remote({ a: '1' })
    const other = open()
    const held = await Promise.all([acquire(data), other.acquire(data, { signal: never, onProgress: () => {} })])
    expect(held[0].dir).toBe(held[1].dir)
    expect(await keys()).toEqual([data.key])
  })

  const DAMAGES: [string, (path: string) => Promise<unknown>][] = [
    ['has other bytes of the same size', (path) => writeFile(path, 'X')],
    ['was cut off', (path) => writeFile(path, '')],
    ['is gone', (path) => rm(path)],
    ['became a link', (path) => rm(path).then(() => symlink('/etc/hostname', path))],
  ]
  describe.each([
    ['the same worker', () => cache],
    ['a worker that has started anew', () => open()],
  ])('for %s', (_who, next) => {
    it.each(DAMAGES)('gets a file back that %s, and only that one', async (_what, damage) => {
      const data = remote({ a: '1', b: '2' })
      const { dir: folder } = await acquire(data)
      await chmod(join(folder, 'a'), 0o644)
      await damage(join(folder, 'a'))
      fetched = []
      cache = next()
      const again = await acquire(data)
      expect(fetched).toEqual(['a'])
      expect(await readFile(join(again.dir, 'a'), 'utf8')).toBe('1')
      expect(again.cached).toBe(false)
    })
  })

  it('gets a changed file back although its size and date are the old ones', async () => {
    const data = remote({ a: '1' })
    const { dir: folder } = await acquire(data)
    const path = join(folder, 'a')
    await utimes(path, 1, 1)
    await acquire(data)
    await chmod(path, 0o644)
    await writeFile(path, 'X')
    await utimes(path, 1, 1)
    expect(await readFile(join((await acquire(data)).dir, 'a'), 'utf8')).toBe('1')
  })

  it('loses what somebody has put beside its files', async () => {
    const data = remote({ 'a/b': '1' })
    const { dir: folder } = await acquire(data)
    await writeFile(join(folder, 'a', 'stranger'), 'x')
    await acquire(data)
    expect(await readdir(join(folder, 'a'))).toEqual(['b'])
  })

  it('is fetched anew when what is noted about it cannot be read', async () => {
    const data = remote({ a: '1' })
    await (await acquire(data)).release()
    await writeFile(join(dir, data.key, 'entry.json'), '{"bytes":')
    expect(await readFile(join((await acquire(data)).dir, 'a'), 'utf8')).toBe('1')
  })

  it('has no file that is not what was announced, and leaves nothing of the others', async () => {
    const data = remote({ a: '1', b: '2' }, 'bad', (target) => writeFile(target, 'X'))
    await expect(acquire(data)).rejects.toThrow(/is damaged: expected sha256 [0-9a-f]{64} and 1 bytes, received/)
    expect(await keys()).toEqual([])
  })
})

describe('fetching', () => {
  /** Writes half and then waits for the signal. */
  const hangs: Fetch = async (target, signal) => {
    await writeFile(target, 'half')
    signal.throwIfAborted()
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }

  it('ends at once when nobody wants it any more, and leaves nothing', async () => {
    const stop = new AbortController()
    const acquiring = acquire(remote({ a: 'halfhalf' }, 'slow', hangs), stop.signal)
    await expect.poll(keys).toHaveLength(1)
    stop.abort(new Error('cancelled'))
    await expect(acquiring).rejects.toThrow('cancelled')
    expect(await keys()).toEqual([])
  })

  it('is taken over by the next attempt when the first gives up, and waiting for it can be given up too', async () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const slow = acquire(remote({ a: 'halfhalf' }, 'same', hangs), first.signal)
    const waiting = acquire(remote({ a: 'halfhalf' }, 'same'), second.signal)
    const last = acquire(remote({ a: 'halfhalf' }, 'same'))
    second.abort(new Error('no longer'))
    await expect(waiting).rejects.toThrow('no longer')
    first.abort(new Error('cancelled'))
    await expect(slow).rejects.toThrow('cancelled')
    expect((await last).cached).toBe(false)
  })

  it('stops all files when one fails, and fails with that error', async () => {
    const data = remote({ a: '1', b: 'halfhalf' })
    const [a, b] = data.files
    const failing = {
      ...data,
      files: [
        { ...a, fetch: () => Promise.reject(new Error('no disk')) },
        { ...b, fetch: hangs },
      ],
    }
    await expect(acquire(failing as RemoteData)).rejects.toThrow('no disk')
    expect(await keys()).toEqual([])
  })

  it('tells how far it is, with the bytes of files under way, and that it is done', async () => {
    const seen: Transfer[] = []
    const data = remote({ a: '1', b: 'x'.repeat(100) }, 'slow', async (target) => {
      await writeFile(target, target.endsWith('a') ? '1' : 'x'.repeat(40))
      if (target.endsWith('a')) return
      await expect.poll(() => seen.some(({ files, bytes }) => files === 1 && bytes === 41)).toBe(true)
      await writeFile(target, 'x'.repeat(100))
    })
    await acquire(data, never, (done) => seen.push(done))
    expect(seen.at(-1)).toEqual({ files: 2, bytes: 101 })
  })
})

describe('the size of the cache', () => {
  beforeEach(() => {
    cache = open(100)
  })
  const use = async (name: string, bytes: number): Promise<void> => (await acquire(sized(name, bytes))).release()
  const age = (name: string, seconds: number): Promise<void> =>
    utimes(join(dir, name, 'entry.json'), new Date(), new Date(Date.now() - seconds * 1000))

  it('is kept by removing what was not used for longest', async () => {
    for (const name of ['a', 'b', 'c']) await use(name, 30)
    await age('a', 30)
    await age('b', 60)
    await age('c', 90)
    await use('c', 30)
    await use('d', 40)
    expect(await keys()).toEqual(['a', 'c', 'd'])
  })

  it('spares what an attempt works with, however long ago it began', async () => {
    const held = await acquire(sized('a', 30))
    await use('b', 30)
    await age('a', 1000)
    const { ctimeMs } = await stat(join(dir, 'a'))
    await use('c', 60)
    expect(await keys()).toEqual(['a', 'c'])
    // nor was it moved out of the way and back
    expect((await stat(join(dir, 'a'))).ctimeMs).toBe(ctimeMs)
    expect(await readdir(held.dir)).toEqual(['file'])
    await held.release()
    await age('a', 1000)
    await use('d', 30)
    expect(await keys()).toEqual(['c', 'd'])
  })

  it('spares what another worker works with, and not what one that is gone has noted', async () => {
    const other = open(100)
    await other.acquire(sized('a', 60), { signal: never, onProgress: () => {} })
    await expect(acquire(sized('b', 60))).rejects.toMatchObject({ code: 'resource.disk_full' })
    for (const note of await readdir(join(dir, 'a', 'uses')))
      await writeFile(join(dir, 'a', 'uses', note), JSON.stringify({ host: hostname(), pid: 1, startTime: 'never' }))
    await use('b', 60)
    expect(await keys()).toEqual(['b'])
  })

  it('is too small for a data set that is larger, which says so and removes nothing', async () => {
    await use('a', 30)
    await expect(acquire(sized('b', 101))).rejects.toMatchObject({
      code: 'resource.disk_full',
      message: expect.stringMatching(/has 101 B, and the cache of this worker takes 100 B.*DATA_CACHE_GB/),
    })
    expect(await keys()).toEqual(['a'])
  })

  it('counts what is on its way', async () => {
    const stop = new AbortController()
    const slow = acquire(
      remote(
        { a: 'x'.repeat(60) },
        'slow',
        (_, signal) => new Promise((_r, no) => signal.addEventListener('abort', no)),
      ),
      stop.signal,
    )
    await expect.poll(keys).toHaveLength(1)
    await expect(acquire(sized('b', 60))).rejects.toMatchObject({ message: expect.stringContaining('60 B are in use') })
    stop.abort(new Error('cancelled'))
    await expect(slow).rejects.toThrow('cancelled')
    await use('b', 60)
  })

  it('does not count what a worker that was killed has left half fetched', async () => {
    for (const name of [`evicted-${randomUUID()}`, 'rubbish']) await mkdir(join(dir, name), { recursive: true })
    const left = join(dir, `incoming-${randomUUID()}`)
    await mkdir(left, { recursive: true })
    const owner = { host: hostname(), pid: 1, startTime: 'never' }
    await writeFile(join(left, 'entry.json'), JSON.stringify({ bytes: 90, owner, files: {} }))
    await use('b', 60)
    expect(await keys()).toEqual(['b'])
  })
})
