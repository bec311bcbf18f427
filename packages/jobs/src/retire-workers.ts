// Workers that went silent count as gone; those that have been gone for long are forgotten, with their queues.
import type { NewMend } from '@stillhouse/db'
import { type JobContext, liveSeconds } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'

const FORGET_SECONDS = 3600

/** Answers the workers that count as gone from now on. */
export async function retireWorkers(context: JobContext, options: MendOptions = {}): Promise<NewMend[]> {
  const { settings } = context
  return mend(context, options, async (tx) => {
    const gone = await tx.workers.retire(Math.max(settings.leaseSeconds, liveSeconds(settings)))
    return gone.map(({ id, name }) => ({ kind: 'worker.silent', target: id, detail: { workerId: id, worker: name } }))
  })
}

/** Answers how many. */
export async function forgetWorkers({ db, queue }: JobContext): Promise<number> {
  const forgotten = await db.transaction((tx) => tx.workers.forget(FORGET_SECONDS))
  // should the queue not answer, an empty one is left behind
  for (const workerId of forgotten) await queue.forget(workerId)
  return forgotten.length
}
