// Waiting between tries: longer each time, and never all clients at the same moment.

const FIRST_MS = 250
const LONGEST_MS = 10_000

/** Waits before try `failures` + 1 (1-based): doubling, between half and the whole of it by chance. */
export async function backOff(failures: number, signal?: AbortSignal): Promise<void> {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1))
  await sleep(full * (0.5 + Math.random() / 2), signal)
}

/** @throws the signal's reason */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
