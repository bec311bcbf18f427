// Waits for something that another process or timer brings about.
import { setTimeout as sleep } from 'node:timers/promises'

/** @throws when `isTrue` does not become true in time */
export async function waitUntil(isTrue: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${isTrue}`)
    await sleep(10)
  }
}
