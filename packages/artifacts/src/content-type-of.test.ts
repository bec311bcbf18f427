import { describe, expect, it } from 'vitest'
import { contentTypeOf } from './content-type-of.ts'

describe('contentTypeOf', () => {
  it.each([
    ['student/model.json', 'application/json'],
    ['student/WEIGHTS.BIN', 'application/octet-stream'],
    ['report.v2.csv', 'text/csv; charset=utf-8'],
    ['logs/attempt-1.log', 'text/plain; charset=utf-8'],
  ])('knows %s as %s', (path, type) => {
    expect(contentTypeOf(path)).toBe(type)
  })

  it.each(['Makefile', 'dir.json/file', 'x.constructor', 'x.', 'page.html', ''])(
    'serves %j as plain bytes, since nothing safe is known about it',
    (path) => {
      expect(contentTypeOf(path)).toBe('application/octet-stream')
    },
  )
})
