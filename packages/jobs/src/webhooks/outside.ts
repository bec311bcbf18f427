// Which addresses a user may make this service send to: public ones, and those that the operator allows. What a name stands
// for is judged when the connection is made and the connection goes to just that address, so a name that means
// something else a moment later (DNS rebinding) leads nowhere.
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { EnvError } from '@stillhouse/kit'
import ipaddr from 'ipaddr.js'

export class AddressRefused extends Error {}

/** The address in a URL that names one, if nothing may be sent to it; null for names, which are judged when they are looked up. */
export function refusedAddress({ hostname }: URL, allowed: readonly string[]): string | null {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 && !mayReach(address, allowed) ? address : null
}

/** A lookup for sockets that fails when any of the addresses found is one that nothing may be sent to. */
export function guardedLookup(allowed: readonly string[]): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const refused = found?.find(({ address }) => !mayReach(address, allowed))
      if (error) callback(error, [])
      else if (refused !== undefined) callback(new AddressRefused(hostname), [])
      else if (options.all === true) callback(null, found)
      else callback(null, (found[0] as LookupAddress).address, found[0]?.family)
    })
  }
}

/** @param allowed addresses and networks, e.g. 10.1.0.0/16 */
export function mayReach(address: string, allowed: readonly string[]): boolean {
  // IPv4 in the guise of IPv6 is judged as what it is
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast' || allowed.some((network) => isWithin(parsed, network))
}

/** @throws EnvError for what is neither an address nor a network */
export function assertNetworks(networks: readonly string[]): void {
  const wrong = networks.filter((network) => !isNetwork(network))
  if (wrong.length === 0) return
  const expected = 'expected addresses or networks, e.g. 10.20.0.0/16'
  throw new EnvError(wrong.map((network) => `OUTBOUND_ALLOW: ${network} is no network (${expected})`))
}

function isNetwork(text: string): boolean {
  const [base = '', bits, ...rest] = text.split('/')
  const family = isIP(base)
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  return family !== 0 && isLength && rest.length === 0
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, network: string): boolean {
  const [base = '', bits] = network.split('/')
  const parsed = ipaddr.parse(base)
  if (parsed.kind() !== address.kind()) return false
  return address.match(parsed, bits === undefined ? 8 * parsed.toByteArray().length : Number(bits))
}
