// How long the queue has been silent, as far as it should have spoken.
import type { Heard } from './queue-backend.ts'

export interface Pulse {
  readonly heard: Heard
  /** A slot has become free: from now on the worker has to ask for work. */
  slotFreed(): void
  /** Milliseconds of silence. `asking`: the worker has a free slot and is not paused, so it should be asking for work. */
  silentMs(asking: boolean): number
}

/** Starts at silence zero. */
export function createPulse(): Pulse {
  let anything = Date.now()
  let fetch = anything
  let freed = anything
  return {
    heard(what) {
      anything = Date.now()
      if (what === 'fetch') fetch = anything
    },
    slotFreed() {
      freed = Date.now()
    },
    silentMs: (asking) => Date.now() - (asking ? Math.max(fetch, freed) : anything),
  }
}
