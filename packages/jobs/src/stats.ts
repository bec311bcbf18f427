// Numbers for dashboards and alarms.
import type { Room } from '@stillhouse/db'
import { JOB_STATES, type JobState } from '@stillhouse/spec'
import { type JobContext, liveSeconds } from './job-context.ts'
import type { QueueStats } from './job-service.ts'

export async function stats({ db, settings }: JobContext): Promise<QueueStats> {
  return db.read(async (tables) => {
    const counted = new Map((await tables.jobs.countByState()).map(({ state, count }) => [state, count]))
    const jobs = Object.fromEntries(JOB_STATES.map((state) => [state, counted.get(state) ?? 0]))
    const { pending, oldestSeconds } = await tables.outbox.backlog()
    const { workers } = await tables.workers.capacity(liveSeconds(settings))
    return {
      jobs: jobs as Record<JobState, number>,
      oldestQueuedSeconds: await tables.jobs.oldestQueuedSeconds(),
      outboxPending: pending,
      outboxOldestSeconds: oldestSeconds,
      workers: { active: workers.length, slots: sumOf(workers, 'slots'), busy: sumOf(workers, 'running') },
    }
  })
}

function sumOf(rooms: readonly Room[], field: 'slots' | 'running'): number {
  return rooms.reduce((sum, room) => sum + room[field], 0)
}
