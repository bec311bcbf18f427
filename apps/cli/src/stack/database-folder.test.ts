import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { databaseFolder } from './database-folder.ts'

let base: string
beforeAll(() => {
  base = mkdtempSync(path.join(tmpdir(), 'database-folder-'))
  chmodSync(base, 0o755)
})
afterAll(() => rmSync(base, { recursive: true }))

it('is in the state folder, there already or not, where every user may go', () => {
  expect(databaseFolder(path.join(base, 'a/b'), 0)).toBe(path.join(base, 'a/b/postgres'))
})

it('is in the state folder for everyone but root, whose server runs as another user', () => {
  const closed = path.join(base, 'own')
  mkdirSync(closed, { mode: 0o700 })
  expect(databaseFolder(closed, 1000)).toBe(path.join(closed, 'postgres'))
})

it('for root in a closed folder is a folder of its own in a place that all may enter', () => {
  const closed = path.join(base, 'closed')
  mkdirSync(closed, { mode: 0o700 })
  const [one, other] = [databaseFolder(path.join(closed, 'a'), 0), databaseFolder(path.join(closed, 'b'), 0)]
  expect(one).toMatch(/^\/var\/tmp\/stillhouse-database-[0-9a-f]{12}$/)
  expect(other).not.toBe(one)
  expect(databaseFolder(path.join(closed, 'a'), 0)).toBe(one)
})
