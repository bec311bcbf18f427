// What every call is made with: the generated client on top, plain requests for content below.
import createOpenapiClient, { type Client as OpenapiClient } from 'openapi-fetch'
import type { TeamOption } from './client.ts'
import type { paths } from './generated/openapi.ts'
import { type CallOptions, type ClientOptions, createSend, type Send } from './send.ts'

export interface Wire {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly send: Send
  readonly api: OpenapiClient<paths>
}

export function createWire(options: ClientOptions): Wire {
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  const send = createSend({ ...options, baseUrl })
  return { baseUrl, send, api: createOpenapiClient<paths>({ baseUrl, fetch: send }) }
}

/**
 * The content of a JSON answer. Error answers never come this far: `send` rejects with them. Where a route can also
 * answer with text, it was not asked to.
 */
export async function answer<T>(call: Promise<{ data?: T | undefined }>): Promise<Exclude<T, string>> {
  return (await call).data as Exclude<T, string>
}

/** The team of the options as a query: absent or there, never undefined. */
export function teamOf({ team }: TeamOption = {}): { team?: string } {
  return team === undefined ? {} : { team }
}

/** The signal as fetch takes it: absent or there, never undefined. */
export function signalOf({ signal }: CallOptions = {}): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
