// The content of an answer as it comes. It ends with an error when the caller gives up or when nothing comes any more;
// both cancel the reading itself, since a signal given to fetch is not always heard once the answer has begun.
import { ApiUnreachable } from './api-unreachable.ts'

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without a byte after which the connection is taken for dead. */
  readonly idleMs: number
}

/** Yields non-empty chunks. @throws the signal's reason, or ApiUnreachable when the connection broke or fell silent */
export async function* readBody(
  { body, url }: Response,
  { signal, idleMs }: ReadOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (body === null) return
  const reader = body.getReader()
  let silent = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => void reader.cancel().catch(() => undefined)
  const giveUp = (): void => {
    silent = true
    stop()
  }
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()
  try {
    for (;;) {
      timer = setTimeout(giveUp, idleMs)
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw signal?.aborted ? signal.reason : new ApiUnreachable(url, error)
      })
      clearTimeout(timer)
      if (signal?.aborted) throw signal.reason
      if (silent) throw new ApiUnreachable(url, new Error(`nothing came for ${idleMs / 1000} s`))
      if (done) return
      if (value.length > 0) yield value
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    stop()
  }
}
