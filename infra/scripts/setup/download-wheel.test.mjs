import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { downloadWheel, largestFile, pipArguments } from './download-wheel.mjs'
import { failureOf, fakeProgram, temporaryFolder } from './test-support.mjs'

const CONTENTS = 'the published wheel'
const PIN = {
  project: 'some-project',
  version: '1.2.3',
  file: 'some_project-1.2.3-cp311-cp311-manylinux_2_27_x86_64.whl',
  size: CONTENTS.length,
  sha256: createHash('sha256').update(CONTENTS).digest('hex'),
  tag: { python: '3.11', abi: 'cp311', platform: 'manylinux_2_27_x86_64' },
}

/**
 * @param {string} script what pip does, in a shell; $dest is where the wheel is to go
 * @param {(bytes: number) => void} [onProgress]
 */
function download(script, onProgress = () => {}) {
  const folder = temporaryFolder()
  const python = fakeProgram(
    temporaryFolder(),
    'python3',
    `while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest=$2; shift; done\n${script}`,
  )
  const log = join(temporaryFolder(), 'pip.log')
  return { folder, log, result: downloadWheel(PIN, folder, { python, env: process.env, log, onProgress }) }
}

describe('downloadWheel', () => {
  it('returns the file when it is the pinned one', async () => {
    const { folder, result } = download(`printf '${CONTENTS}' > $dest/${PIN.file}`)
    expect(await result).toBe(join(folder, PIN.file))
    expect(readdirSync(folder)).toEqual([PIN.file])
  })

  it('tells how far it has come while pip still works in its own temporary folder', async () => {
    /** @type {number[]} */
    const seen = []
    const { result } = download(
      `mkdir $TMPDIR/pip; printf 12345 > $TMPDIR/pip/part; sleep 0.7; printf '${CONTENTS}' > $dest/${PIN.file}`,
      (bytes) => seen.push(bytes),
    )
    await result
    expect(seen).toContain(5)
    expect(seen.at(-1)).toBe(PIN.size)
  })

  it('refuses and removes a file of the right size with another checksum', async () => {
    const { folder, result } = download(`printf 'the forged ones !!!' > $dest/${PIN.file}`)
    const error = await failureOf(() => result)
    expect(error.message).toContain('wrong checksum')
    expect(error.why).toContain(PIN.sha256)
    expect(existsSync(join(folder, PIN.file))).toBe(false)
  })

  it('refuses and removes a file that is cut short', async () => {
    const { folder, result } = download(`printf 'the publ' > $dest/${PIN.file}`)
    expect((await failureOf(() => result)).message).toContain(`has 8 bytes instead of ${PIN.size}`)
    expect(existsSync(join(folder, PIN.file))).toBe(false)
  })

  it('says that the network failed, and how to do without', async () => {
    const { result } = download('echo "Temporary failure in name resolution" >&2; exit 1')
    const error = await failureOf(() => result)
    expect(error.message).toBe('the network failed while downloading some-project 1.2.3')
    expect(error.fix.join('\n')).toContain(PIN.file)
  })

  it('says that the disk is full', async () => {
    const { result } = download('echo "OSError: [Errno 28] No space left on device" >&2; exit 1')
    expect((await failureOf(() => result)).message).toBe('not enough disk space for downloading some-project 1.2.3')
  })

  it('shows what pip said when it was something else, and where the rest is', async () => {
    const { log, result } = download('echo "ERROR: No matching distribution found" >&2; exit 1')
    const error = await failureOf(() => result)
    expect(error.detail).toEqual(['ERROR: No matching distribution found'])
    expect(error.fix).toEqual([`read the whole output: ${log}`])
  })

  it('notices that pip took another file of that version', async () => {
    const { result } = download(`printf x > $dest/some_project-1.2.3.tar.gz`)
    expect((await failureOf(() => result)).detail[0]).toContain('pip took another file')
  })
})

describe('largestFile', () => {
  it('is nothing when pip takes its folder away while it is listed', () => {
    expect(largestFile(join(temporaryFolder(), 'gone'))).toBe(0)
  })
})

describe('pipArguments', () => {
  it('asks for one file by its full tag, whatever the Python that runs pip', () => {
    const text = pipArguments(PIN, '/to').join(' ')
    expect(text).toContain('--python-version 3.11 --implementation cp --abi cp311 --platform manylinux_2_27_x86_64')
    expect(text).toContain('--no-deps --only-binary=:all:')
    expect(text.endsWith('--dest /to some-project==1.2.3')).toBe(true)
  })
})
