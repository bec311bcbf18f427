// Mends hand-overs that came to nothing: the queue was wiped, or the worker that should have taken them is gone or busy
// with something else.
import type { HandOver, Tables } from '@stillhouse/db'
import { changeState } from './change-state.ts'
import { type JobContext, liveSeconds } from './job-context.ts'

const BATCH = 200
/** A worker that is there but leaves a job in its queue for so many claim times loses it. */
const PATIENCE = 6

/** Answers how many attempts were put into the queue again, or taken back. */
export async function recoverHandOvers(context: JobContext): Promise<number> {
  const takenBack = await takeBackStranded(context)
  return takenBack + (await handOverAgain(context))
}

/** They wait in our own queue again, for another worker. */
async function takeBackStranded({ db, settings, logger }: JobContext): Promise<number> {
  const { claimSeconds } = settings
  const patienceSeconds = PATIENCE * claimSeconds
  return db.transaction(async (tx) => {
    await tx.signals.lockDispatch()
    const seenWithinSeconds = liveSeconds(settings)
    const found = await tx.jobs.stranded({ claimSeconds, seenWithinSeconds, patienceSeconds, limit: BATCH })
    for (const handOver of found) await takeBack(tx, handOver)
    await tx.outbox.add('queue.remove', found)
    if (found.length > 0) logger.warn({ jobs: found.length }, 'took back jobs that their worker did not take')
    return found.length
  })
}

async function takeBack(tx: Tables, { jobId, attempt, workerId }: HandOver): Promise<void> {
  const name = (await tx.workers.nameOf(workerId)) ?? workerId
  await changeState(tx, {
    ids: [jobId],
    from: ['dispatched'],
    guard: { attempt },
    move: { to: 'queued', why: 'again' },
    reason: `worker ${name} did not take it`,
  })
}

async function handOverAgain({ db, queue, settings, logger }: JobContext): Promise<number> {
  const waiting = await db.read((tables) => tables.jobs.unclaimed(settings.claimSeconds, BATCH))
  const lost: HandOver[] = []
  for (const handOver of waiting) if (!(await queue.has(handOver, handOver.workerId))) lost.push(handOver)
  if (waiting.length === 0) return 0
  await db.transaction(async (tx) => {
    await tx.jobs.markHandedOver(waiting)
    await tx.outbox.add('queue.add', lost.reverse()) // they came last in line first
    if (lost.length > 0) await tx.signals.work()
  })
  if (lost.length > 0) logger.warn({ jobs: lost.length }, 'the queue had lost jobs; handing them over again')
  return lost.length
}
