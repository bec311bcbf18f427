// Watches a trainer from outside, since a trainer inside a native call cannot watch itself: the age of its last sign
// of life, its whole running time, its resident memory, and what it has written.

export type Bite = 'watchdog' | 'timeout' | 'memory' | 'disk'

export interface WatchdogOptions {
  /** Longest silence, in milliseconds. */
  readonly stuckMs: number
  /** Longest run; null: none. */
  readonly timeoutMs: number | null
  /** Most resident bytes. */
  readonly memoryBytes: number
  readonly residentBytes: () => Promise<number | null>
  /** Most bytes in its folder. */
  readonly diskBytes: number
  readonly writtenBytes: () => Promise<number>
  /** Called once, with what was exceeded. */
  readonly onBite: (bite: Bite, detail: string) => void
  readonly everyMs: number
}

export interface Watchdog {
  /** The trainer gave a sign of life. */
  alive(): void
  /** The trainer waits for us: its silence does not count while `waits` is true. */
  setWaiting(waits: boolean): void
  stop(): void
}

export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { stuckMs, timeoutMs, memoryBytes, residentBytes, diskBytes, writtenBytes, onBite, everyMs } = options
  const started = performance.now()
  let lastSign = started
  let waiting = false
  let watching = true
  let measuring = false

  const stop = (): void => {
    watching = false
    clearInterval(timer)
  }
  const bite = (what: Bite, detail: string): void => {
    if (!watching) return
    stop()
    onBite(what, detail)
  }
  const check = async (): Promise<void> => {
    const now = performance.now()
    if (waiting) lastSign = now
    if (timeoutMs !== null && now - started > timeoutMs)
      return bite('timeout', `It ran for ${seconds(now - started)}; the limit is ${seconds(timeoutMs)}.`)
    if (now - lastSign > stuckMs) return bite('watchdog', `Nothing was heard from it for ${seconds(now - lastSign)}.`)
    const resident = await residentBytes()
    if (resident !== null && resident > memoryBytes)
      return bite('memory', `It held ${gigabytes(resident)} of memory; the limit is ${gigabytes(memoryBytes)}.`)
    await checkDisk()
  }
  const checkDisk = async (): Promise<void> => {
    // a folder of very many files takes longer to look at than the time between two looks
    if (measuring) return
    measuring = true
    const written = await writtenBytes()
    measuring = false
    if (written > diskBytes)
      bite('disk', `It wrote ${gigabytes(written)} to its scratch folder; the limit is ${gigabytes(diskBytes)}.`)
  }
  const timer = setInterval(() => void check(), everyMs)
  return {
    alive: () => {
      lastSign = performance.now()
    },
    setWaiting: (waits) => {
      waiting = waits
      lastSign = performance.now()
    },
    stop,
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GB`
