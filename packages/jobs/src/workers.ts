// Workers come and go.
import { isUuid, uuidV7 } from '@stillhouse/db'
import type { RegisteredWorker, RegisterWorker, Worker } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { workerNotFound } from './job-errors.ts'

/** Every start of a worker process is a worker of its own, also under the same name. */
export async function registerWorker({ db, settings }: JobContext, worker: RegisterWorker): Promise<RegisteredWorker> {
  const workerId = uuidV7()
  await db.transaction(async (tx) => {
    await tx.workers.insert(workerId, worker)
    await tx.signals.work()
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

export async function listWorkers({ db }: JobContext): Promise<Worker[]> {
  return db.read((tables) => tables.workers.list())
}
