// The one shape of every mend: what was found is done something about and written down in one transaction, then logged. A
// dry run does the same and takes it back.
import type { NewMend, Tables } from '@stillhouse/db'
import { MEND_KINDS } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'

export interface MendOptions {
  /** Only look. */
  readonly dryRun?: boolean
}

/** Carries what was found out of a transaction that is rolled back. */
class OnlyLooked extends Error {
  readonly found: NewMend[]
  constructor(found: NewMend[]) {
    super('nothing was changed')
    this.found = found
  }
}

/**
 * Answers what was mended, or in a dry run would have been. What `work` does outside of the database must do no harm when it
 * is done twice, and must be left out in a dry run.
 */
export async function mend(
  context: JobContext,
  { dryRun = false }: MendOptions,
  work: (tx: Tables) => Promise<NewMend[]>,
): Promise<NewMend[]> {
  if (dryRun) return look(context, work)
  const mended = await context.db.transaction(async (tx) => {
    const found = await work(tx)
    await tx.mends.insert(found)
    return found
  })
  for (const { kind, target, detail } of mended)
    context.logger.warn({ mend: kind, target, ...detail }, MEND_KINDS[kind])
  return mended
}

async function look({ db }: JobContext, work: (tx: Tables) => Promise<NewMend[]>): Promise<NewMend[]> {
  try {
    return await db.transaction(async (tx): Promise<never> => {
      throw new OnlyLooked(await work(tx))
    })
  } catch (error) {
    if (error instanceof OnlyLooked) return error.found
    throw error
  }
}
