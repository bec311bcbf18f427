import { describe, expect, it } from 'vitest'
import { cacheName, cacheRoot } from './paths.mjs'

describe('cacheRoot', () => {
  it.each([
    [{ HOME: '/home/a', STILLHOUSE_CACHE: '/big/disk', XDG_CACHE_HOME: '/x' }, '/big/disk'],
    [{ HOME: '/home/a', XDG_CACHE_HOME: '/x' }, '/x/stillhouse'],
    [{ HOME: '/home/a', XDG_CACHE_HOME: 'relative' }, '/home/a/.cache/stillhouse'],
    [{ HOME: '/home/a' }, '/home/a/.cache/stillhouse'],
  ])('for %j', (env, folder) => {
    expect(cacheRoot(env)).toBe(folder)
  })
})

describe('cacheName', () => {
  it('changes with the checksum, so that another file never lands in the same folder', () => {
    const pin = { version: '2.21.0', variant: 'cpu' }
    expect(cacheName({ ...pin, sha256: 'a'.repeat(64) })).toBe('2.21.0-cpu-aaaaaaaaaaaa')
    expect(cacheName({ ...pin, sha256: 'b'.repeat(64) })).not.toBe(cacheName({ ...pin, sha256: 'a'.repeat(64) }))
  })
})
