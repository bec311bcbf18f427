import { describe, expect, it } from 'vitest'
import { ARTIFACT_PATH_PATTERN } from './worker-api.ts'

describe('paths of artifacts', () => {
  const allowed = (path: string) => new RegExp(ARTIFACT_PATH_PATTERN).test(path)

  it.each(['model.json', 'export/tfjs-layers/model.json', 'a/.hidden', 'a..b/c.d'])('may be %s', (path) => {
    expect(allowed(path)).toBe(true)
  })

  it.each([
    '',
    '/etc/passwd',
    '../secret',
    'export/../../secret',
    'export/..',
    './model.json',
    'a/./b',
    'a//b',
    'a/',
    'a\\b',
    '..%2Fsecret',
    'a b',
    'a\0b',
    'model.json\n',
  ])('may not be %j', (path) => {
    expect(allowed(path)).toBe(false)
  })
})
