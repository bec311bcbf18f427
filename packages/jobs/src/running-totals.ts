// What happens in the whole service, counted from the first look on and read in windows: the last minute, which may still
// change, and what came since. A number never goes down, since whoever reads counters takes that for a restart.
import type { Database, EndedGroup, StartedGroup, Usage } from '@stillhouse/db'
import { FAILURES, type FailureClass, type FailureCode } from '@stillhouse/spec'
import { type AttemptTotal, type ServiceTotals, WAIT_BOUNDS, type WaitTotal } from './queue-stats.ts'
import { createTally, type Tally } from './tally.ts'

type TeamUsage = Usage & { readonly team: string }
type Ended = Pick<EndedGroup, 'team' | 'ending' | 'code' | 'attempts'>
type Started = Omit<StartedGroup, 'settled'>

interface Books {
  readonly attempts: Tally<Ended>
  readonly usage: Tally<TeamUsage>
  readonly waits: Tally<Started>
}

/** The totals of the service; whoever asks while they are being read gets the same answer. */
export function createRunningTotals(db: Database): () => Promise<ServiceTotals> {
  const books: Books = {
    attempts: createTally({ labels: ['team', 'ending', 'code'], numbers: ['attempts'] }),
    usage: createTally({ labels: ['team'], numbers: ['slotSeconds', 'gpuSeconds'] }),
    waits: createTally({ labels: ['team', 'until', 'bucket'], numbers: ['attempts', 'seconds'] }),
  }
  let since: Date | null = null
  let origin: Date | null = null
  let reading: Promise<ServiceTotals> | null = null

  async function read(): Promise<ServiceTotals> {
    const { window, ...entries } = await db.read(async ({ stats }) => {
      const { now, settled } = await stats.clock()
      const began = origin ?? now
      const until = new Date(Math.max(settled.getTime(), began.getTime()))
      const window = { since: since ?? began, settled: until, origin: began }
      return {
        window,
        ended: await stats.ended(window),
        started: await stats.started(window, WAIT_BOUNDS),
        // an attempt that ends just now is missed until the next look rather than counted twice
        running: await stats.runningUsage(began),
      }
    })
    since = window.settled
    origin = window.origin
    return enter(books, entries)
  }

  return () => {
    reading ??= read().finally(() => {
      reading = null
    })
    return reading
  }
}

interface Entries {
  readonly ended: readonly EndedGroup[]
  readonly started: readonly StartedGroup[]
  readonly running: readonly TeamUsage[]
}

function enter({ attempts, usage, waits }: Books, { ended, started, running }: Entries): ServiceTotals {
  const used = [...ended, ...running.map((one) => ({ ...one, settled: false }))]
  return {
    attempts: attempts.enter(ended).map((one): AttemptTotal => ({ ...one, failureClass: classOf(one.code) })),
    usage: usage.enter(used),
    waits: waitTotals(waits.enter(started)),
  }
}

/** A code that this version does not know (another one wrote it) has no class. */
function classOf(code: string | null): FailureClass | null {
  return code !== null && Object.hasOwn(FAILURES, code) ? FAILURES[code as FailureCode].class : null
}

function waitTotals(rows: readonly Started[]): WaitTotal[] {
  const lines = new Map<string, { team: string; until: WaitTotal['until']; counts: number[]; seconds: number }>()
  for (const { team, until, bucket, attempts, seconds } of rows) {
    const key = JSON.stringify([team, until])
    const line = lines.get(key) ?? { team, until, counts: [...WAIT_BOUNDS, 0].fill(0), seconds: 0 }
    line.counts[bucket] = (line.counts[bucket] ?? 0) + attempts
    line.seconds += seconds
    lines.set(key, line)
  }
  return [...lines.values()]
}
