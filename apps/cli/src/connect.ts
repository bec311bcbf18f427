// Which service to talk to, and with which key: flags, then the environment, then the local stack.
import { type Client, createClient } from '@stillhouse/client'
import { CliError } from './cli-error.ts'
import { findCredentials } from './stack/credentials.ts'

export interface Address {
  readonly url?: string
  readonly apiKey?: string
}

/**
 * @param timeoutMs until an answer must begin; default: the client's
 * @throws CliError when no service is named and no local stack was ever started here
 */
export function connect(options: Address, timeoutMs?: number): Client {
  const local = findCredentials()
  const baseUrl = options.url ?? process.env['STILLHOUSE_URL'] ?? local?.url
  if (baseUrl === undefined) {
    throw new CliError(
      'no service is named and none was started here; start one with: npx stillhouse up (or give --url and --api-key)',
    )
  }
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    throw new CliError(`not the address of a service: expected http://host:port, received ${baseUrl}`)
  }
  const apiKey =
    options.apiKey ?? process.env['STILLHOUSE_API_KEY'] ?? (baseUrl === local?.url ? local.apiKey : undefined)
  if (apiKey === undefined) throw new CliError(`no API key for ${baseUrl}; give --api-key or set STILLHOUSE_API_KEY`)
  return createClient({ baseUrl, apiKey, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
}
