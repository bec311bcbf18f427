// One call about many jobs of a team. Every job is changed in a transaction of its own, with its own entry in the record,
// so that one that cannot be changed keeps no other from it; the entry of the call comes last and counts them.
import { isStorable, type JobRow, type Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { type ChangedJobs, type JobState, type JobsAction, type JobsChange, MOST_CHANGED } from '@stillhouse/spec'
import { cancelConflict, cancelIn } from './cancel.ts'
import { changeConflict, changeJobIn } from './change-job.ts'
import type { JobContext } from './job-context.ts'
import type { TeamCaller } from './job-service.ts'
import { pageOf, uuidOfCursor } from './page-cursor.ts'
import { record } from './record.ts'
import { retryConflict, retryIn } from './retry.ts'
import { workThrough } from './work-through.ts'

/** A call answers after about this long, with a cursor where more is left. */
const PATIENCE_MS = 5000

/** For which states an action means something. */
const STATES: Readonly<Record<JobsAction, readonly JobState[]>> = {
  cancel: ['blocked', 'queued', 'dispatched', 'running'],
  retry: ['failed', 'cancelled'],
  'set-priority': ['blocked', 'queued', 'dispatched', 'running'],
}

/** What one job came to: nothing to say when it was changed, else why not. */
type Outcome = string | null

/** @throws ApiError request.invalid for a cursor that no call gave */
export async function changeJobs(context: JobContext, caller: TeamCaller, change: JobsChange): Promise<ChangedJobs> {
  const found = await select(context, caller, change)
  const outcomes = new Map<string, Outcome>()
  const considered = await workThrough(found.slice(0, MOST_CHANGED), PATIENCE_MS, async ({ id }) => {
    outcomes.set(id, change.dryRun ? await foresee(context, change, id) : await apply(context, caller, change, id))
  })
  const { nextCursor } = pageOf(found, considered)
  const ids = [...outcomes].flatMap(([id, reason]) => (reason === null ? [id] : []))
  const unchanged = [...outcomes].flatMap(([id, reason]) => (reason === null ? [] : [{ id, reason }]))
  const answer = { matched: considered, changed: ids.length, ids, nextCursor }
  if (!change.dryRun && ids.length > 0) await recordCall(context, caller, change, answer)
  return { ...answer, unchanged: [...unchanged, ...missing(change, found)] }
}

/**
 * Those that wait are cancelled before those that they wait for, so that they are cancelled and do not fail; and retried
 * after them, so that they have something to wait for.
 */
async function select({ db }: JobContext, { teamId }: TeamCaller, change: JobsChange): Promise<{ id: string }[]> {
  const { action, labels = {}, ids, state, cursor } = change
  const after = cursor === undefined ? {} : { after: uuidOfCursor(cursor, 'changed jobs') }
  if (!Object.entries(labels).flat().every(isStorable)) return []
  const states = state === undefined ? (ids === undefined ? STATES[action] : undefined) : [state]
  return db.read((tables) =>
    tables.selection.select({
      ...{ teamId, labels, limit: MOST_CHANGED + 1, ...after },
      ...(ids && { ids }),
      ...(states && { states }),
      order: action === 'cancel' ? 'newest-first' : 'oldest-first',
    }),
  )
}

async function apply(context: JobContext, caller: TeamCaller, change: JobsChange, id: string): Promise<Outcome> {
  try {
    const changed = await context.db.transaction((tx) => perform(tx, caller, change, id), {
      repeatable: change.action !== 'retry',
    })
    return changed ? null : nothingToDo(change)
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return error.message
    throw error
  }
}

async function perform(tx: Tables, caller: TeamCaller, change: JobsChange, id: string): Promise<boolean> {
  if (change.action === 'cancel') return cancelIn(tx, caller, id)
  if (change.action === 'set-priority') return changeJobIn(tx, caller, { id, priority: priorityOf(change) })
  await retryIn(tx, caller, id)
  return true
}

/** What `apply` would come to, as things stand. */
async function foresee({ db }: JobContext, change: JobsChange, id: string): Promise<Outcome> {
  return db.read(async (tables) => {
    const job = await tables.jobs.find(id)
    if (job === null) return NO_SUCH_JOB
    return (await conflictOf(tables, change, job)) ?? (wouldDoNothing(change, job) ? nothingToDo(change) : null)
  })
}

async function conflictOf(tables: Tables, { action }: JobsChange, job: JobRow): Promise<string | null> {
  if (action === 'cancel') return cancelConflict(job)
  if (action === 'set-priority') return changeConflict(job)
  const needs = (await tables.dependencies.standings([job.id])).flatMap((one) => one.needs)
  return retryConflict(job, needs)
}

function wouldDoNothing(change: JobsChange, { state, cancelRequested, priority }: JobRow): boolean {
  if (change.action === 'cancel') return state === 'cancelled' || cancelRequested
  return change.action === 'set-priority' && priority === change.priority
}

const NO_SUCH_JOB = 'there is no such job'

function nothingToDo({ action, priority }: JobsChange): string {
  return action === 'cancel' ? 'it is cancelled already, or asked to stop' : `it has the priority ${priority} already`
}

/** Whether a priority is there is checked with the request. */
function priorityOf({ priority }: JobsChange): number {
  if (priority === undefined) throw new Error('set-priority came without a priority')
  return priority
}

/** Jobs that were asked for by id and do not exist for this team; where labels or a state were asked for too, who knows. */
function missing(
  { ids = [], labels, state, cursor }: JobsChange,
  found: readonly { id: string }[],
): ChangedJobs['unchanged'] {
  if (cursor !== undefined) return []
  const there = new Set(found.map(({ id }) => id))
  const reason =
    labels === undefined && state === undefined ? NO_SUCH_JOB : 'there is no such job, or it does not match'
  return [...new Set(ids.map((id) => id.toLowerCase()))].filter((id) => !there.has(id)).map((id) => ({ id, reason }))
}

async function recordCall(
  { db }: JobContext,
  caller: TeamCaller,
  change: JobsChange,
  { matched, changed, ids }: Pick<ChangedJobs, 'matched' | 'changed' | 'ids'>,
): Promise<void> {
  const { action, labels = {}, state = null, priority = null } = change
  await db.transaction(async (tx) => {
    const team = (await tx.jobs.find(ids[0] ?? ''))?.team.name ?? ''
    const detail = { action, labels, state, priority, matched, changed }
    await record(tx, caller, {
      action: 'changeJobs',
      target: { kind: 'team', id: team },
      teamId: caller.teamId,
      detail,
    })
  })
}
