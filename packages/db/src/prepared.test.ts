import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { preparedName } from './prepared.ts'

test('only a statement that begins with the mark has a name', () => {
  expect(preparedName({ sql: '\n      /* prepared find_it */ SELECT 1' })).toBe('find_it')
  expect(preparedName({ sql: 'SELECT 1 /* prepared find_it */' })).toBe('')
  expect(preparedName({ sql: "SELECT '/* prepared find_it */'" })).toBe('')
})

test('no two statements have the same name', () => {
  const folder = new URL('repositories/', import.meta.url)
  const names = readdirSync(folder)
    .flatMap((file) => readFileSync(new URL(file, folder), 'utf8').match(/(?<=\/\* prepared )\w+(?= \*\/)/g) ?? [])
    .sort()
  expect(names.length).toBeGreaterThan(0)
  expect(names).toEqual([...new Set(names)])
})
