// One POST request to an address that a user gave. No redirects, no cookies, no proxy; what is answered is not read.
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { AddressRefused, guardedLookup, refusedAddress } from './outside.ts'

export interface OutsidePost {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Addresses and networks that may be reached although they are not public. */
  readonly allowed: readonly string[]
  /** For the whole of it, milliseconds. */
  readonly timeoutMs: number
}

/**
 * Answers the HTTP status.
 * @throws AddressRefused before anything is sent; Error when there is no answer in time
 */
export function postOutside({ url, headers, body, allowed, timeoutMs }: OutsidePost): Promise<number> {
  const target = new URL(url)
  if (refusedAddress(target, allowed) !== null) return Promise.reject(new AddressRefused(target.hostname))
  const signal = AbortSignal.timeout(timeoutMs)
  const send = target.protocol === 'https:' ? requestHttps : requestHttp
  // a socket of its own: one that was opened for somebody else was not judged
  const options = { method: 'POST', agent: false, lookup: guardedLookup(allowed), signal } as const
  return new Promise((resolve, reject) => {
    const call: ClientRequest = send(target, { ...options, headers: { ...headers, ...lengthOf(body) } }, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    call.on('error', (error) => reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error))
    call.end(body)
  })
}

function lengthOf(body: string): { 'content-length': string } {
  return { 'content-length': String(Buffer.byteLength(body)) }
}
