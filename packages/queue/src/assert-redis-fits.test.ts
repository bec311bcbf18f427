import { EnvError } from '@stillhouse/kit'
import { describe, expect, it } from 'vitest'
import { assertRedisFits } from './assert-redis-fits.ts'

const info = (version: string, policy?: string): string =>
  [
    '# Server',
    `redis_version:${version}`,
    'os:Linux',
    '# Memory',
    ...(policy ? [`maxmemory_policy:${policy}`] : []),
    '',
  ].join('\r\n')

const judge = (text: string, allowEviction = false): void =>
  assertRedisFits(text, { place: 'redis://queue:6379', allowEviction })

describe('assertRedisFits', () => {
  it.each(['6.2.0', '6.10.1', '7.0.15', '10.0.0'])('takes Redis %s that never evicts', (version) => {
    expect(() => judge(info(version, 'noeviction'))).not.toThrow()
  })

  it.each(['2.8.24', '5.0.14', '6.0.16', '6.1.99'])('refuses Redis %s as too old', (version) => {
    expect(() => judge(info(version, 'noeviction'))).toThrow(EnvError)
    expect(() => judge(info(version, 'noeviction'))).toThrow(`redis://queue:6379 has version ${version}, expected 6.2`)
  })

  it('refuses a server that does not tell its version', () => {
    expect(() => judge('# Server\r\n')).toThrow('version unknown')
  })

  it('refuses even a policy that evicts only keys with an expiry, since locks have one', () => {
    expect(() => judge(info('7.4.0', 'volatile-lru'))).toThrow(
      /volatile-lru, expected noeviction.*QUEUE_ALLOW_EVICTION=1/,
    )
    expect(() => judge(info('7.4.0', 'volatile-lru'), true)).not.toThrow()
  })

  it('takes a server that does not tell its policy', () => {
    expect(() => judge(info('7.4.0'))).not.toThrow()
  })
})
