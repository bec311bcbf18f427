// Workers come and go.
import { isUuid, type JobRow, type Tables, uuidV7 } from '@stillhouse/db'
import type { RegisteredWorker, RegisterWorker } from '@stillhouse/spec'
import { changeState } from './change-state.ts'
import { stopped } from './finish.ts'
import type { JobContext } from './job-context.ts'
import { workerNotFound } from './job-errors.ts'

/**
 * Every start of a worker process is a worker of its own, also under the same name. One that was forgotten, and says which
 * it was, keeps its id and so its queue.
 */
export async function registerWorker({ db, settings }: JobContext, worker: RegisterWorker): Promise<RegisteredWorker> {
  const workerId = await db.transaction(async (tx) => {
    const [asked, fresh] = [worker.id, uuidV7()]
    const kept = asked !== undefined && (await tx.workers.insert(asked, worker))
    if (!kept) await tx.workers.insert(fresh, worker)
    await tx.signals.work()
    return kept ? asked : fresh
  })
  return { workerId, leaseSeconds: settings.leaseSeconds, heartbeatSeconds: settings.heartbeatSeconds }
}

/**
 * The worker signs off. Jobs it still holds are taken away at once.
 * @throws ApiError worker.not_found
 */
export async function removeWorker({ db }: JobContext, workerId: string): Promise<void> {
  if (!isUuid(workerId)) throw workerNotFound(workerId)
  await db.transaction(async (tx) => {
    if (!(await tx.workers.remove(workerId))) throw workerNotFound(workerId)
    const name = (await tx.workers.nameOf(workerId)) ?? workerId
    for (const job of await tx.jobs.runningOn(workerId)) await release(tx, job, `worker ${name} signed off`)
    await tx.signals.work()
  })
}

/** It counts neither as a failure nor as a loss: the worker said that it goes. */
async function release(tx: Tables, job: JobRow, reason: string): Promise<void> {
  const ending = { ending: 'handed-back' } as const
  await changeState(tx, {
    ...stopped(job, reason),
    ids: [job.id],
    from: ['running'],
    guard: { attempt: job.attempt },
    ending,
  })
}
