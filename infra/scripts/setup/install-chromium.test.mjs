import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { installChromium, planChromium } from './install-chromium.mjs'
import { readJson } from './json-file.mjs'
import { CHROMIUM_PINS } from './pins.mjs'
import { failureOf, fakeProgram, recordingView, temporaryFolder } from './test-support.mjs'

/** @param {string} folder @param {string} name @param {string} answer */
const browser = (folder, name, answer) => fakeProgram(folder, name, `echo "${answer}"`)

describe('planChromium', () => {
  it.each([
    ['chromium', 'Chromium 156.0.8078.79 built on Debian', '156.0.8078.79'],
    ['google-chrome', 'Google Chrome 131.0.6778.85', '131.0.6778.85'],
  ])("uses the machine's own %s", async (name, answer, version) => {
    const folder = temporaryFolder()
    const path = browser(folder, name, answer)
    const plan = await planChromium({ platform: 'linux-arm64', cache: temporaryFolder(), env: { PATH: folder } })
    expect(plan).toEqual({ path, version })
  })

  it('prefers CHROMIUM_PATH, and does not go on looking when that is no browser', async () => {
    const folder = temporaryFolder()
    browser(folder, 'chromium', 'Chromium 156.0.1.2')
    const named = browser(folder, 'mine', 'Chromium 140.0.1.2')
    const context = { platform: 'linux-x64', cache: temporaryFolder() }
    const env = { PATH: folder, CHROMIUM_PATH: named }
    expect(await planChromium({ ...context, env })).toEqual({ path: named, version: '140.0.1.2' })
    const wrong = { PATH: folder, CHROMIUM_PATH: browser(folder, 'fox', 'Mozilla Firefox 140.0') }
    expect((await failureOf(() => planChromium({ ...context, env: wrong }))).message).toMatch(/fox is no Chromium/)
  })

  it('brings its own where there is none, a stub that only tells to install one, or one that is too old', async () => {
    const folder = temporaryFolder()
    fakeProgram(folder, 'chromium-browser', 'echo "requires the chromium snap to be installed"; exit 1')
    browser(folder, 'chromium', 'Chromium 90.0.4430.212')
    const cache = temporaryFolder()
    const plan = await planChromium({ platform: 'linux-x64', cache, env: { PATH: folder } })
    expect(plan).toEqual({ install: expect.stringContaining(`${cache}/chromium/`) })
  })

  it('says what to install where none can be brought', async () => {
    const context = { platform: 'linux-arm64', cache: temporaryFolder(), env: { PATH: '' } }
    const error = await failureOf(() => planChromium(context))
    expect(error.message).toBe('no Chromium for the tests on linux-arm64')
    expect(error.fix.join()).toMatch(/CHROMIUM_PATH/)
  })
})

describe('installChromium', () => {
  const published = CHROMIUM_PINS['linux-x64']
  afterEach(() => {
    if (published) CHROMIUM_PINS['linux-x64'] = published
  })

  /**
   * A package like the published one around a shell script, pinned, and an npm that hands it out.
   * @param {{sha256?: string}} [change]
   */
  function registry({ sha256 } = {}) {
    const folder = temporaryFolder()
    const bin = join(folder, 'package/bin')
    mkdirSync(join(folder, 'lib'), { recursive: true })
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(folder, 'lib/libnss3.so'), 'library')
    const tar = execFileSync('tar', ['-c', '-C', folder, 'lib'])
    const script = '#!/bin/sh\necho "Chromium 147.0.1.2 $LD_LIBRARY_PATH"\n'
    const files = { chromium: Buffer.from(script), 'al2023.tar': tar, 'swiftshader.tar': tar }
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(bin, `${name}.br`), brotliCompressSync(bytes))
    const archive = join(folder, 'chromium.tgz')
    execFileSync('tar', ['-czf', archive, '-C', folder, 'package'])
    const bytes = readFileSync(archive)
    CHROMIUM_PINS['linux-x64'] = {
      project: '@sparticuz/chromium',
      version: '147.0.0',
      file: 'chromium.tgz',
      size: bytes.length,
      sha256: sha256 ?? createHash('sha256').update(bytes).digest('hex'),
      unpackedBytes: 1000,
    }
    const programs = temporaryFolder()
    fakeProgram(programs, 'npm', `cp ${archive} "$4"`)
    return { PATH: `${programs}:/usr/bin:/bin` }
  }

  /** @param {Record<string, string>} env */
  function contextOf(env) {
    const folder = temporaryFolder()
    const tools = join(folder, '.stillhouse/tools.json')
    return { platform: 'linux-x64', tools, env, logs: folder, view: recordingView() }
  }

  it('unpacks the published one, and tells the tests where it is', async () => {
    const env = registry()
    const install = join(temporaryFolder(), 'chromium/147')
    const context = contextOf(env)
    const result = await installChromium({ ...context, plan: { install } })
    const path = join(install, 'chromium')
    expect(result).toEqual({ detail: `147.0.1.2 (${path})`, changed: true })
    expect(readJson(context.tools)).toEqual({ chromium: path })
    expect(execFileSync(path, { encoding: 'utf8', env: {} })).toContain(`${install}/lib`)
    const again = await installChromium({ ...context, plan: { path, version: '147.0.1.2' } })
    expect(again.changed).toBe(false)
  })

  it('refuses a package that is not the published one, and leaves nothing behind', async () => {
    const env = registry({ sha256: '0'.repeat(64) })
    const cache = temporaryFolder()
    const context = { ...contextOf(env), plan: { install: join(cache, 'chromium/147') } }
    expect((await failureOf(() => installChromium(context))).message).toMatch(/wrong checksum: chromium\.tgz/)
    expect(execFileSync('find', [cache, '-type', 'f'], { encoding: 'utf8' })).toBe('')
  })

  it('says that the network failed when it did', async () => {
    registry()
    const programs = temporaryFolder()
    fakeProgram(programs, 'npm', 'echo "npm error code ENOTFOUND"; exit 1')
    const context = contextOf({ PATH: `${programs}:/usr/bin:/bin` })
    const plan = { install: join(temporaryFolder(), 'chromium/147') }
    expect((await failureOf(() => installChromium({ ...context, plan }))).message).toMatch(/network failed while/)
  })
})
