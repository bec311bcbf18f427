import { hash } from 'node:crypto'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoredFile } from '@stillhouse/spec'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { downloadFiles } from './download-files.ts'

let root = ''
let dir = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stillhouse-download-'))
  dir = join(root, 'checkpoint')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const stored = (path: string, text: string): StoredFile => ({
  path,
  sha256: hash('sha256', text),
  size: text.length,
  contentType: 'text/plain',
})
const serving = (text: string) => ({ getBlob: (_: string, path: string) => writeFile(path, text) })

it('puts each file at its path', async () => {
  await downloadFiles({ api: serving('text'), dir, files: [stored('a/b.txt', 'text')] })
  expect(await readFile(join(dir, 'a/b.txt'), 'utf8')).toBe('text')
})

it('keeps nothing when one file is damaged, and says what was expected', async () => {
  const files = [stored('good', 'text'), stored('bad', 'else')]
  await expect(downloadFiles({ api: serving('text'), dir, files })).rejects.toThrow(
    /bad is damaged: expected sha256 [0-9a-f]{64} \(4 bytes\), received/,
  )
  await expect(access(dir)).rejects.toThrow('ENOENT')
})

it.each(['../out', 'a/../../out', '/etc/x', 'a//b', '.'])('refuses to write to %s', async (path) => {
  await expect(downloadFiles({ api: serving('text'), dir, files: [stored(path, 'text')] })).rejects.toThrow('not plain')
})
