import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installFolder, isInstalled } from './install-folder.mjs'
import { failureOf, temporaryFolder, writeFiles } from './test-support.mjs'

const LARGE = 'x'.repeat(1_500_000)

/** @param {string} target */
const install = (target) =>
  installFolder(target, async (folder) => writeFiles(folder, { 'lib/large': LARGE, 'include/small.h': 'abc' }))

describe('installFolder', () => {
  it('leaves the finished folder and nothing else', async () => {
    const cache = temporaryFolder()
    await install(join(cache, 'tf'))
    expect(readdirSync(cache)).toEqual(['tf'])
    expect(isInstalled(join(cache, 'tf'))).toBe(true)
  })

  it.each(
    /** @type {[string, (folder: string) => void][]} */ ([
      ['a file is missing', (folder) => rmSync(join(folder, 'lib/large'))],
      ['a large file is cut short', (folder) => truncateSync(join(folder, 'lib/large'), 10)],
      ['a small file is changed', (folder) => writeFileSync(join(folder, 'include/small.h'), 'abd')],
      ['its list of files is damaged', (folder) => writeFileSync(join(folder, 'installed.json'), '{"files":')],
      ['its list of files is missing', (folder) => rmSync(join(folder, 'installed.json'))],
    ]),
  )('notices that %s, and installs anew', async (_name, damage) => {
    const target = join(temporaryFolder(), 'tf')
    await install(target)
    damage(target)
    expect(isInstalled(target)).toBe(false)
    await install(target)
    expect(isInstalled(target)).toBe(true)
    expect(readFileSync(join(target, 'include/small.h'), 'utf8')).toBe('abc')
  })

  it('leaves nothing behind when filling fails', async () => {
    const cache = temporaryFolder()
    const failing = installFolder(join(cache, 'tf'), async (folder) => {
      writeFiles(folder, { half: 'done' })
      throw new Error('the network failed')
    })
    expect((await failureOf(() => failing)).message).toBe('the network failed')
    expect(readdirSync(cache)).toEqual([])
  })

  it('never shows a half-filled folder under its name', async () => {
    const target = join(temporaryFolder(), 'tf')
    await installFolder(target, async (folder) => {
      writeFiles(folder, { half: 'done' })
      expect(existsSync(target)).toBe(false)
    })
    expect(existsSync(target)).toBe(true)
  })

  it('lets several finish at once', async () => {
    const cache = temporaryFolder()
    await Promise.all([1, 2, 3, 4].map(() => install(join(cache, 'tf'))))
    expect(readdirSync(cache)).toEqual(['tf'])
    expect(isInstalled(join(cache, 'tf'))).toBe(true)
  })

  it('keeps a finished folder that may be in use when it comes second', async () => {
    const target = join(temporaryFolder(), 'tf')
    await installFolder(target, async (folder) => {
      await install(target)
      appendFileSync(join(folder, 'later'), 'x')
    })
    expect(existsSync(join(target, 'later'))).toBe(false)
  })

  it('sweeps away what a killed set-up left a day ago, and not what is being filled now', async () => {
    const cache = temporaryFolder()
    mkdirSync(join(cache, '.tf-old'))
    mkdirSync(join(cache, '.tf-now'))
    const before = new Date(Date.now() - 2 * 24 * 3600 * 1000)
    utimesSync(join(cache, '.tf-old'), before, before)
    await install(join(cache, 'tf'))
    expect(readdirSync(cache).sort()).toEqual(['.tf-now', 'tf'])
  })

  it('can be read by another user, as in an image', async () => {
    const target = join(temporaryFolder(), 'tf')
    await install(target)
    expect(statSync(target).mode & 0o055).toBe(0o055)
  })
})
