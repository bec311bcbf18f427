// One at a time per key, in the order of asking. Whoever no longer wants the lock stops waiting for it.

export interface KeyedLock {
  /** Resolves when the lock is ours, with what gives it back; rejects with the signal's reason. */
  take(key: string, signal: AbortSignal): Promise<() => void>
}

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>()
  return {
    take: async (key, signal) => {
      const before = tails.get(key) ?? Promise.resolve()
      let release = (): void => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const tail = before.then(() => held)
      tails.set(key, tail)
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key)
      })
      try {
        await orAbort(before, signal)
      } catch (error) {
        release()
        throw error
      }
      return release
    },
  }
}

async function orAbort(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([wait, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
