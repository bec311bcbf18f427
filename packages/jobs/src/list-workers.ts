// The workers as a caller may see them: everybody sees the machines and how full they are, and of the jobs on them his own.
import type { HeldJob, Tables } from '@stillhouse/db'
import type { JobProgress, Worker, WorkerJob } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import type { Caller } from './job-service.ts'

export async function listWorkers({ db }: JobContext, caller: Caller): Promise<Worker[]> {
  return db.read((tables) => visibleWorkers(tables, caller))
}

/** @param workerId only this one */
export async function visibleWorkers(tables: Tables, { teamId }: Caller, workerId?: string): Promise<Worker[]> {
  const rows = await tables.workers.list(workerId)
  const held = await tables.workers.held(workerId ?? null)
  const running = held.filter((job) => job.state === 'running' && (teamId === null || job.teamId === teamId))
  return rows.map((row) => ({ ...row, jobs: running.filter((job) => job.workerId === row.id).map(jobOf) }))
}

function jobOf({ id, name, team, attempt, progress, stopReason }: HeldJob): WorkerJob {
  return { id, name, team, attempt, stopReason, progress: progress && partDone(progress) }
}

/** Stages count alike; how long each takes is not known before it ran. */
function partDone({ stageIndex, stageCount, step, steps }: JobProgress): number {
  const ofStage = steps > 0 ? Math.min(1, step / steps) : 0
  return Math.min(1, (stageIndex + ofStage) / stageCount)
}
