// One request, with the key, a limit for the time to the first byte of the answer, and errors as errors.
import { problemOf } from './api-problem.ts'
import { ApiUnreachable } from './api-unreachable.ts'

export interface ClientOptions {
  /** Of the service, e.g. http://127.0.0.1:8080; a path is allowed. */
  readonly baseUrl: string
  readonly apiKey?: string
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds until an answer must begin; its content may take longer. Default 30 s. */
  readonly timeoutMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Resolves with answers of status 2xx and 304 only.
 * @param signal ends the request until the answer begins; default: the request's own
 * @throws ApiProblem, ApiUnreachable, or the signal's reason
 */
export type Send = (request: Request, signal?: AbortSignal) => Promise<Response>

export function createSend({ baseUrl, apiKey, fetch = globalThis.fetch, timeoutMs = 30_000 }: ClientOptions): Send {
  return async (request, signal = request.signal) => {
    if (apiKey !== undefined) request.headers.set('authorization', `Bearer ${apiKey}`)
    const response = await answerOf(request, signal)
    if (response.ok || response.status === 304) return response
    throw await problemOf(response)
  }

  // the timer holds controller and request: a signal whose request nobody holds may be collected and never fire
  async function answerOf(request: Request, signal: AbortSignal): Promise<Response> {
    const controller = new AbortController()
    const stop = (): void => controller.abort(signal.reason)
    const late = (): Error => new Error(`no answer to ${request.method} ${request.url} within ${timeoutMs / 1000} s`)
    const timer = setTimeout(() => controller.abort(late()), timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      return await fetchSurely(request, controller.signal)
    } catch (error) {
      throw signal.aborted ? signal.reason : new ApiUnreachable(baseUrl, error)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  // a connection kept from an earlier call may be closed by the other side at this very moment: no reason to give up
  async function fetchSurely(request: Request, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(request, { signal })
    } catch (error) {
      if (signal.aborted || !REPEATABLE.includes(request.method)) throw error
      return await fetch(request, { signal })
    }
  }
}

/** Methods that change nothing and have no body. */
const REPEATABLE: readonly string[] = ['GET', 'HEAD']
