// Mends hand-overs that came to nothing: the queue was wiped, or the worker that should have taken them is gone or busy
// with something else.
import type { HandOver, NewMend, Tables } from '@stillhouse/db'
import type { MendKind } from '@stillhouse/spec'
import { changeState } from './change-state.ts'
import { type JobContext, liveSeconds } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'

const BATCH = 200
/** A worker that is there but leaves a job in its queue for so many claim times loses it. */
const PATIENCE = 6

/** Answers the attempts that were put into the queue again, or taken back. */
export async function recoverHandOvers(context: JobContext, options: MendOptions = {}): Promise<NewMend[]> {
  const takenBack = await takeBackStranded(context, options)
  return [...takenBack, ...(await handOverAgain(context, options))]
}

/** They wait in our own queue again, for another worker. */
async function takeBackStranded(context: JobContext, options: MendOptions): Promise<NewMend[]> {
  const { settings } = context
  const { claimSeconds } = settings
  const patienceSeconds = PATIENCE * claimSeconds
  return mend(context, options, async (tx) => {
    await tx.signals.lockDispatch()
    const seenWithinSeconds = liveSeconds(settings)
    const found = await tx.jobs.stranded({ claimSeconds, seenWithinSeconds, patienceSeconds, limit: BATCH })
    for (const handOver of found) await takeBack(tx, handOver)
    await tx.outbox.add('queue.remove', found)
    return found.map(mendOf('hand-over.stranded'))
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

async function handOverAgain(context: JobContext, options: MendOptions): Promise<NewMend[]> {
  const { db, queue, settings } = context
  const waiting = await db.read((tables) => tables.jobs.unclaimed(settings.claimSeconds, BATCH))
  const lost: HandOver[] = []
  for (const handOver of waiting) if (!(await queue.has(handOver, handOver.workerId))) lost.push(handOver)
  if (waiting.length === 0) return []
  return mend(context, options, async (tx) => {
    await tx.jobs.markHandedOver(waiting)
    const inLine = lost.toReversed() // they came last in line first
    await tx.outbox.add('queue.add', inLine)
    if (lost.length > 0) await tx.signals.work()
    return inLine.map(mendOf('hand-over.lost'))
  })
}

function mendOf(kind: MendKind) {
  return ({ jobId, attempt, workerId }: HandOver): NewMend => {
    return { kind, target: jobId, detail: { jobId, attempt, workerId } }
  }
}
