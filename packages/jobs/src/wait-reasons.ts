// Why jobs wait, counted for whole groups at once: to ask it of each of 100,000 jobs would cost more than it tells.
import type { Room, TeamLimit, WaitingGroup } from '@stillhouse/db'
import { meetsNeeds, parseNeeds } from '@stillhouse/spec'
import { type QueueStats, WAIT_REASONS, type WaitReason } from './queue-stats.ts'

/** What a job asks for and nobody has is told first: a free place in the quota would not help it. */
export function waitReasons(
  groups: readonly WaitingGroup[],
  workers: readonly Pick<Room, 'devices' | 'labels'>[],
  limits: readonly Pick<TeamLimit, 'teamId' | 'allowance'>[],
): QueueStats['waiting'] {
  const allowances = new Map(limits.map(({ teamId, allowance }) => [teamId, allowance]))
  return [...new Set(groups.map((group) => group.teamId))].flatMap((teamId) => {
    const own = groups.filter((group) => group.teamId === teamId)
    const unfit = own.filter(({ needs }) => !workers.some((room) => meetsNeeds(parseNeeds(needs), room)))
    const noWorker = total(unfit)
    const fitting = total(own) - noWorker
    const slot = Math.min(fitting, allowances.get(teamId) ?? fitting)
    const counts: Record<WaitReason, number> = { quota: fitting - slot, 'no-worker': noWorker, slot }
    const team = own[0]?.team ?? teamId
    return WAIT_REASONS.map((reason) => ({ team, reason, jobs: counts[reason] })).filter(({ jobs }) => jobs > 0)
  })
}

function total(groups: readonly WaitingGroup[]): number {
  return groups.reduce((sum, { jobs }) => sum + jobs, 0)
}
