// Messages to the queue that no relay would send for a long time, as after the database's clock was set back.
import type { NewMend } from '@stillhouse/db'
import type { JobContext } from './job-context.ts'
import { type MendOptions, mend } from './mend.ts'

/** The relay puts nothing off for so long. */
const TOO_LONG_SECONDS = 60

/** Answers the messages that are sent now. */
export async function mendOutbox(context: JobContext, options: MendOptions = {}): Promise<NewMend[]> {
  return mend(context, options, async (tx) => {
    const stuck = await tx.census.hurryOutbox(TOO_LONG_SECONDS)
    if (stuck.length > 0) await tx.signals.work()
    return stuck.map((row) => ({ kind: 'outbox.stuck', target: row.jobId, detail: { ...row } }))
  })
}
