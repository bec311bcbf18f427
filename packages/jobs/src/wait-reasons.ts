// Why jobs wait, counted for whole groups at once: to ask it of each of 100,000 jobs would cost more than it tells.
import type { HeldGroup, OutOfLine, Room, Standing, WaitingGroup } from '@stillhouse/db'
import { meetsNeeds, parseNeeds } from '@stillhouse/spec'
import type { QueueStats } from './queue-stats.ts'
import { allowanceOf } from './schedule/allowances.ts'

type Counted = QueueStats['waiting'][number]

export interface WaitReasonsInput {
  readonly queued: readonly WaitingGroup[]
  readonly held: readonly HeldGroup[]
  readonly outOfLine: readonly Pick<OutOfLine, 'teamId' | 'backOff'>[]
  /** Those that take jobs. */
  readonly workers: readonly Pick<Room, 'devices' | 'labels' | 'memoryGb'>[]
  readonly standings: readonly Standing[]
}

/** What a job asks for and nobody has is told first: a free place in the quota would not help it. */
export function waitReasons({ queued, held, outOfLine, workers, standings }: WaitReasonsInput): Counted[] {
  const ofQueued = standings.flatMap((standing): Counted[] => {
    const { teamId, name: team } = standing
    const own = queued.filter((group) => group.teamId === teamId)
    const backOff = outOfLine.find((one) => one.teamId === teamId)?.backOff ?? 0
    const fitting = own.filter(({ needs }) => workers.some((room) => meetsNeeds(parseNeeds(needs), room)))
    const noWorker = total(own) - total(fitting)
    // those that wait after a failure are among the others, and nobody knows among which
    const inLine = Math.max(0, total(fitting) - backOff)
    const busy = Math.min(inLine, mayStart(standing, fitting))
    return [
      { team, reason: 'quota', jobs: inLine - busy },
      { team, reason: 'worker', jobs: noWorker },
      { team, reason: 'busy', jobs: busy },
      { team, reason: 'back-off', jobs: Math.min(backOff, total(fitting)) },
    ]
  })
  const ofHeld = held.map(
    ({ team, state, jobs }): Counted => ({ team, reason: state === 'blocked' ? 'dependency' : 'hand-over', jobs }),
  )
  return [...ofQueued, ...ofHeld].filter(({ jobs }) => jobs > 0)
}

/** How many of these jobs the quotas of their team would let start. */
function mayStart(standing: Standing, groups: readonly WaitingGroup[]): number {
  const { running, gpus } = allowanceOf(standing)
  const withGpu = total(groups.filter(({ needs }) => parseNeeds(needs).gpus > 0))
  return Math.min(running, total(groups) - withGpu + Math.min(withGpu, gpus))
}

function total(groups: readonly WaitingGroup[]): number {
  return groups.reduce((sum, { jobs }) => sum + jobs, 0)
}
