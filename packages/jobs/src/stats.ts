// How things stand now, for dashboards and alarms.
import type { Room, WaitingGroup } from '@stillhouse/db'
import { JOB_STATES, type JobState } from '@stillhouse/spec'
import { type JobContext, liveSeconds } from './job-context.ts'
import { keepBriefly } from './keep-briefly.ts'
import type { QueueStats } from './queue-stats.ts'
import { waitReasons } from './wait-reasons.ts'

const FINISHED_KEPT_MS = 30_000

/** @returns looks at how things stand */
export function createStats({ db, settings }: JobContext): () => Promise<QueueStats> {
  const finished = keepBriefly(() => db.read((tables) => tables.stats.finished()), FINISHED_KEPT_MS)
  return () =>
    db.read(async (tables) => {
      const counts = [...(await tables.stats.unfinished()), ...(await finished())]
      const counted = new Map(counts.map(({ state, count }) => [state, count]))
      const jobs = Object.fromEntries(JOB_STATES.map((state) => [state, counted.get(state) ?? 0]))
      const { pending, oldestSeconds } = await tables.outbox.backlog()
      const { workers } = await tables.workers.capacity(liveSeconds(settings))
      const groups = await tables.stats.waiting()
      return {
        jobs: jobs as Record<JobState, number>,
        oldestQueuedSeconds: groups.reduce((most, group) => Math.max(most, group.oldestSeconds), 0),
        outboxPending: pending,
        outboxOldestSeconds: oldestSeconds,
        untold: await tables.deliveries.backlog(),
        workers: { active: workers.length, slots: sumOf(workers, 'slots'), busy: sumOf(workers, 'running') },
        waiting: waitReasons({
          queued: groups,
          held: await tables.stats.held(),
          outOfLine: await tables.line.outOfLine(),
          workers,
          standings: await tables.teams.standings(),
        }),
        waitingNeeds: byNeeds(groups),
        oldestWaits: byTeam(groups),
        training: await tables.stats.training(),
      }
    })
}

function sumOf(rooms: readonly Room[], field: 'slots' | 'running'): number {
  return rooms.reduce((sum, room) => sum + room[field], 0)
}

function byNeeds(groups: readonly WaitingGroup[]): QueueStats['waitingNeeds'] {
  const kinds = new Map<string, number>()
  for (const { needs, jobs } of groups) kinds.set(needs, (kinds.get(needs) ?? 0) + jobs)
  return [...kinds].map(([needs, jobs]) => ({ needs, jobs }))
}

function byTeam(groups: readonly WaitingGroup[]): QueueStats['oldestWaits'] {
  const teams = new Map<string, number>()
  for (const { team, oldestSeconds } of groups) teams.set(team, Math.max(teams.get(team) ?? 0, oldestSeconds))
  return [...teams].map(([team, seconds]) => ({ team, seconds }))
}
