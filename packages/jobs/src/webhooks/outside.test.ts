import { EnvError } from '@stillhouse/kit'
import { expect, test } from 'vitest'
import { assertNetworks, guardedLookup, mayReach, refusedAddress } from './outside.ts'

test.each([
  ['93.184.216.34', true],
  ['2606:2800:220:1::', true],
  ['127.0.0.1', false],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['100.64.0.1', false],
  ['0.0.0.0', false],
  ['255.255.255.255', false],
  ['224.0.0.1', false],
  ['::', false],
  ['::1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:93.184.216.34', true],
  ['64:ff9b::7f00:1', false],
  ['2002:7f00:1::', false],
])('%s may be reached by anybody: %s', (address, expected) => {
  expect(mayReach(address, [])).toBe(expected)
})

test('what the operator allows may be reached, and nothing beside it', () => {
  const allowed = ['10.20.0.0/16', '127.0.0.1', 'fd00:1::/32']
  for (const address of ['10.20.255.1', '127.0.0.1', '::ffff:10.20.0.1', 'fd00:1:2::3'])
    expect(mayReach(address, allowed), address).toBe(true)
  for (const address of ['10.21.0.1', '127.0.0.2', 'fd00:2::1', '::1', '192.168.0.1'])
    expect(mayReach(address, allowed), address).toBe(false)
})

test.each([
  ['http://127.0.0.1:8080/x', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0x7f.1/', '127.0.0.1'],
  ['http://017700000001/', '127.0.0.1'],
  ['http://[::1]/', '::1'],
  ['http://[::ffff:7f00:1]/', '::ffff:7f00:1'],
  ['https://example.org/', null],
  ['https://93.184.216.34/', null],
])('%s names an address that is refused: %s', (url, expected) => {
  expect(refusedAddress(new URL(url), [])).toBe(expected)
})

const lookUp = (allowed: string[], all: boolean) =>
  new Promise<unknown[]>((resolve) => {
    guardedLookup(allowed)('localhost', { all, family: 4 }, (...answer) => resolve(answer))
  })

test('a name is refused when it stands for an address that is', async () => {
  for (const all of [true, false]) expect((await lookUp([], all))[0]).toMatchObject({ message: 'localhost' })
  expect(await lookUp(['127.0.0.0/8'], false)).toEqual([null, '127.0.0.1', 4])
  expect(await lookUp(['127.0.0.0/8'], true)).toEqual([null, [{ address: '127.0.0.1', family: 4 }]])
})

test('what is no network is named at the start', () => {
  expect(() => assertNetworks(['10.0.0.0/8', '::1', '1.2.3.4'])).not.toThrow()
  expect(() => assertNetworks(['10.0.0.0/99'])).toThrow(EnvError)
  expect(() => assertNetworks(['10.0.0'])).toThrow(/OUTBOUND_ALLOW: 10.0.0 is no network/)
})
