// What the background work of this process does, kept for its metrics.
import { BACKGROUND_LOOPS, type BackgroundLoop, type BackgroundStats, type LoopStats } from './queue-stats.ts'

export interface BackgroundRecord {
  /** Runs one round of a loop and notes how long it took and whether it went well. */
  round<T>(loop: BackgroundLoop, work: () => Promise<T>): Promise<T>
  handedOut(jobs: number): void
  relayed(rows: number): void
  mended(part: string, count: number): void
  read(leading: boolean): BackgroundStats
}

interface Kept {
  rounds: number
  failures: number
  lastSeconds: number | null
  wellAt: number | null
}

/** @param now milliseconds of a clock that never goes back */
export function createBackgroundRecord(now: () => number = () => performance.now()): BackgroundRecord {
  const loops = new Map(BACKGROUND_LOOPS.map((loop) => [loop, emptyLoop()]))
  const mended = new Map<string, number>()
  let handedOut = 0
  let relayed = 0
  return {
    async round(loop, work) {
      const kept = loops.get(loop) ?? emptyLoop()
      const began = now()
      try {
        const result = await work()
        kept.wellAt = now()
        return result
      } catch (error) {
        kept.failures += 1
        throw error
      } finally {
        kept.rounds += 1
        kept.lastSeconds = (now() - began) / 1000
      }
    },
    handedOut: (jobs) => {
      handedOut += jobs
    },
    relayed: (rows) => {
      relayed += rows
    },
    mended: (part, count) => {
      mended.set(part, (mended.get(part) ?? 0) + count)
    },
    read: (leading) => ({
      leading,
      loops: Object.fromEntries([...loops].map(([loop, kept]) => [loop, loopStats(kept, now())])) as Record<
        BackgroundLoop,
        LoopStats
      >,
      handedOut,
      relayed,
      mended: Object.fromEntries(mended),
    }),
  }
}

function emptyLoop(): Kept {
  return { rounds: 0, failures: 0, lastSeconds: null, wellAt: null }
}

function loopStats({ rounds, failures, lastSeconds, wellAt }: Kept, now: number): LoopStats {
  return { rounds, failures, lastSeconds, idleSeconds: wellAt === null ? null : (now - wellAt) / 1000 }
}
