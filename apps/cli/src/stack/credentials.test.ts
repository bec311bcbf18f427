import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { credentialsFor, findCredentials, readCredentials, writeCredentials } from './credentials.ts'
import { stateFolder } from './state-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('credentials of the local stack', () => {
  it('keeps the keys of an earlier start and takes the new address', () => {
    const { credentials: file } = stateFolder(path.join(folder, '.stillhouse'))
    const first = credentialsFor(file, 'http://127.0.0.1:1')
    writeCredentials(file, first)
    const second = credentialsFor(file, 'http://127.0.0.1:2')
    expect(second).toEqual({ ...first, url: 'http://127.0.0.1:2' })
  })

  it('can be read by the owner only', () => {
    const { credentials: file } = stateFolder(path.join(folder, '.stillhouse'))
    writeCredentials(file, credentialsFor(file, 'http://127.0.0.1:1'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('name the file when it is damaged', () => {
    const { credentials: file } = stateFolder(path.join(folder, '.stillhouse'))
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, '{"url":')
    expect(() => readCredentials(file)).toThrow(/credentials\.json is damaged/)
  })

  it('are found from a folder below, and are absent elsewhere', () => {
    const { credentials: file } = stateFolder(path.join(folder, '.stillhouse'))
    const below = path.join(folder, 'a', 'b')
    mkdirSync(below, { recursive: true })
    expect(findCredentials(below)).toBeUndefined()
    writeCredentials(file, credentialsFor(file, 'http://127.0.0.1:1'))
    expect(findCredentials(below)).toEqual(readCredentials(file))
  })
})
