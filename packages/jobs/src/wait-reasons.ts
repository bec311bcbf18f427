// Why jobs wait, counted for whole groups at once: to ask it of each of 100,000 jobs would cost more than it tells.
import type { HeldGroup, Room, TeamLimit, WaitingGroup } from '@stillhouse/db'
import { meetsNeeds, parseNeeds } from '@stillhouse/spec'
import type { QueueStats } from './queue-stats.ts'

type Counted = QueueStats['waiting'][number]

export interface WaitReasonsInput {
  readonly queued: readonly WaitingGroup[]
  readonly held: readonly HeldGroup[]
  /** Those that take jobs. */
  readonly workers: readonly Pick<Room, 'devices' | 'labels' | 'memoryGb'>[]
  readonly limits: readonly Pick<TeamLimit, 'teamId' | 'allowance'>[]
}

/** What a job asks for and nobody has is told first: a free place in the quota would not help it. */
export function waitReasons({ queued, held, workers, limits }: WaitReasonsInput): Counted[] {
  const allowances = new Map(limits.map(({ teamId, allowance }) => [teamId, allowance]))
  const ofQueued = [...new Set(queued.map((group) => group.teamId))].flatMap((teamId): Counted[] => {
    const own = queued.filter((group) => group.teamId === teamId)
    const unfit = own.filter(({ needs }) => !workers.some((room) => meetsNeeds(parseNeeds(needs), room)))
    const fitting = total(own) - total(unfit)
    const busy = Math.min(fitting, allowances.get(teamId) ?? fitting)
    const team = own[0]?.team ?? teamId
    return [
      { team, reason: 'quota', jobs: fitting - busy },
      { team, reason: 'worker', jobs: total(unfit) },
      { team, reason: 'busy', jobs: busy },
    ]
  })
  const ofHeld = held.map(
    ({ team, state, jobs }): Counted => ({ team, reason: state === 'blocked' ? 'dependency' : 'hand-over', jobs }),
  )
  return [...ofQueued, ...ofHeld].filter(({ jobs }) => jobs > 0)
}

function total(groups: readonly WaitingGroup[]): number {
  return groups.reduce((sum, { jobs }) => sum + jobs, 0)
}
