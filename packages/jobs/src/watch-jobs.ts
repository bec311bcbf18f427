// Wakes those who follow a job, through one LISTEN connection per process however many there are.
import type { Listener } from '@stillhouse/db'

/** Answers `watchJob`. A wake-up means "look again"; after a lost connection everybody gets one. */
export function createJobWatch(listener: Listener): (id: string, wake: () => void) => () => void {
  const watchers = new Map<string, Set<() => void>>()
  listener.on('job', (id) => {
    const awake = id === null ? [...watchers.values()] : [watchers.get(id) ?? []]
    for (const wakes of awake) for (const wake of wakes) wake()
  })
  return (id, wake) => {
    const own = (): void => wake() // the same function may watch twice
    const wakes = watchers.get(id) ?? new Set()
    watchers.set(id, wakes.add(own))
    return () => {
      wakes.delete(own)
      if (wakes.size === 0 && watchers.get(id) === wakes) watchers.delete(id)
    }
  }
}
