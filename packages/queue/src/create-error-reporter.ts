// A server that is down brings the same error several times a second. Telling it once in a while is enough, and
// whoever is told must not be able to break the queue by throwing.

const QUIET_MS = 10_000
const MOST_REMEMBERED = 100

/** Passes errors on to `tell`, an equal message at most once in ten seconds. Never throws. */
export function createErrorReporter(tell: (error: Error) => void): (error: unknown) => void {
  const toldAt = new Map<string, number>()
  return (raw) => {
    const error = raw instanceof Error ? raw : new Error(String(raw))
    const key = error.message || String('code' in error ? error.code : error.name)
    const last = toldAt.get(key)
    if (last !== undefined && Date.now() - last < QUIET_MS) return
    if (toldAt.size >= MOST_REMEMBERED) toldAt.clear()
    toldAt.set(key, Date.now())
    try {
      tell(error)
    } catch {
      // the listener's fault is not the queue's
    }
  }
}
