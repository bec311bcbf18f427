// Workers come and go.
import { isUuid, uuidV7 } from '@stillhouse/db'
import type { RegisteredWorker, RegisterWorker } from '@stillhouse/spec'
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
    await tx.jobs.endLeases(workerId)
    await tx.signals.work()
  })
}
