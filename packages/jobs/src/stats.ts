// Numbers for dashboards and alarms.
import { JOB_STATES, type JobState } from '@stillhouse/spec'
import { type JobContext, liveSeconds } from './job-context.ts'
import type { QueueStats } from './job-service.ts'

export async function stats({ db, settings }: JobContext): Promise<QueueStats> {
  return db.read(async (tables) => {
    const counted = new Map((await tables.jobs.countByState()).map(({ state, count }) => [state, count]))
    const jobs = Object.fromEntries(JOB_STATES.map((state) => [state, counted.get(state) ?? 0]))
    const { pending, oldestSeconds } = await tables.outbox.backlog()
    const { workers, slots, busy } = await tables.workers.capacity(liveSeconds(settings))
    return {
      jobs: jobs as Record<JobState, number>,
      oldestQueuedSeconds: await tables.jobs.oldestQueuedSeconds(),
      outboxPending: pending,
      outboxOldestSeconds: oldestSeconds,
      workers: { active: workers.length, slots, busy },
    }
  })
}
