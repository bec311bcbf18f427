// Wakes one sleeper. A ring while nobody sleeps is remembered, so a wake-up between reading and sleeping is not lost.

export interface Bell {
  ring(): void
  /** Resolves at the next ring (or at once when one came since the last wait), or after `ms`. */
  wait(ms: number): Promise<'rung' | 'timeout'>
}

export function createBell(): Bell {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring: () => {
      rung = true
      wake?.()
    },
    wait: (ms) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          wake = null
          resolve(rung ? 'rung' : 'timeout')
          rung = false
        }
        const timer = setTimeout(done, ms)
        wake = done
        if (rung) done()
      }),
  }
}
