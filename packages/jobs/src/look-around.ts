// The whole queue in a few numbers, as whoever asks about a waiting job needs it. Kept for a moment: thousands may ask.
import type { Capacity, Held, Room, Tables, WaitingKind } from '@stillhouse/db'
import { meetsNeeds, parseNeeds } from '@stillhouse/spec'
import { type JobContext, liveSeconds } from './job-context.ts'
import { keepBriefly } from './keep-briefly.ts'
import { perContext } from './per-context.ts'
import { UNKNOWN_CHARGE } from './schedule/line.ts'
import { type TeamLine, teamLines } from './schedule/position.ts'

export interface Overview extends Capacity {
  /** In the order of the teams. */
  readonly lines: readonly TeamLine[]
  readonly waiting: readonly WaitingKind[]
  readonly held: readonly Held[]
  /** What a job uses, weighted slot-seconds. */
  readonly charge: number
  /** Whether that was measured. */
  readonly measured: boolean
  /** The queue refused what it was given last. */
  readonly queueDown: boolean
}

const looker = perContext((context) =>
  keepBriefly(() => context.db.read((tables) => look(tables, context)), context.settings.overviewMs),
)

export function lookAround(context: JobContext): Promise<Overview> {
  return looker(context)()
}

async function look(tables: Tables, { settings }: JobContext): Promise<Overview> {
  const waiting = await tables.line.counts(settings.maxWaitSeconds)
  const charge = await tables.paces.meanCharge()
  const { tries } = await tables.outbox.backlog()
  const capacity = await tables.workers.capacity(liveSeconds(settings))
  return {
    ...capacity,
    lines: teamLines(await tables.teams.standings(), waiting, metBy(capacity.workers)),
    held: await tables.line.held(),
    waiting,
    charge: charge ?? UNKNOWN_CHARGE,
    measured: charge !== null,
    queueDown: tries > 0,
  }
}

/** While no worker is connected none is missed: they may be started when they are needed. */
function metBy(workers: readonly Room[]): (needs: string) => boolean {
  const asked = new Map<string, boolean>()
  return (needs) => {
    const known =
      asked.get(needs) ?? (workers.length === 0 || workers.some((room) => meetsNeeds(parseNeeds(needs), room)))
    asked.set(needs, known)
    return known
  }
}
