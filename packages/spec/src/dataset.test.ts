import { describe, expect, it } from 'vitest'
import { datasetManifest, datasetPathFaults } from './dataset.ts'

const file = (path: string, sha = 'a') => ({ path, sha256: sha.repeat(64), size: 1 })

describe('the manifest of a data set', () => {
  it('does not depend on the order of the files', () => {
    const [a, b, c] = [file('b'), file('a/c'), file('a')]
    expect(datasetManifest([a, b, c])).toBe(datasetManifest([c, a, b]))
  })

  it('depends on every name, digest and size, and on nothing else', () => {
    const base = datasetManifest([file('a')])
    expect(datasetManifest([file('b')])).not.toBe(base)
    expect(datasetManifest([file('a', 'b')])).not.toBe(base)
    expect(datasetManifest([{ ...file('a'), size: 2 }])).not.toBe(base)
    expect(datasetManifest([{ ...file('a'), contentType: 'x' } as never])).toBe(base)
  })
})

describe('the paths of a data set', () => {
  it.each(['a', 'a.b', 'train/cat/1.png', '.hidden', 'with space/é 猫.png', '...', 'a/..b', 'constructor'])(
    'may be %j',
    (path) => {
      expect(datasetPathFaults([path])).toEqual([])
    },
  )

  it.each([
    '',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/..',
    './a',
    '/etc/passwd',
    'a//b',
    'a/',
    'C:\\a',
    'a\nb',
    'a\u0000b',
    'a"b',
    'a\u2028/../../b',
    'x'.repeat(401),
    'é'.repeat(128),
  ])('may not be %j', (path) => {
    expect(datasetPathFaults([path])).toMatchObject([{ message: 'not a path for a file of a data set' }])
  })

  it('are all different, and no file lies below another', () => {
    expect(datasetPathFaults(['a', 'b', 'a'])).toMatchObject([{ path: '/a', message: 'two files have one path' }])
    expect(datasetPathFaults(['a/b/c', 'a', 'ab'])).toMatchObject([
      { path: '/a~1b~1c', message: 'its folder a is a file of the data set too' },
    ])
  })
})
