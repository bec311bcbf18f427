// The only way a job changes its state: asks the table of transitions, compares and sets, writes the event and the
// attempt's record, and wakes whoever waits – all in the caller's transaction.
import type { AttemptEnd, CompareAndSet, JobMove, MovedJob, Tables } from '@stillhouse/db'
import { canTransition, type EventPayload, isFinalState, isTold, type JobState } from '@stillhouse/spec'
import { decideDependents } from './dependencies.ts'

export interface StateChange extends CompareAndSet {
  /** Why, for the event. */
  readonly reason?: string
  /** How the attempt ended, when one did. */
  readonly ending?: Omit<AttemptEnd, 'nextState'>
  /** A failure that does not end the job, for the event. */
  readonly failure?: EventPayload<'state'>['failure']
}

/**
 * Moves the jobs that still are in one of the `from` states and meet the guard; answers those. A job that is no longer
 * there is left alone: somebody else was first. Jobs that waited for one that ended here go on, or fail, with it.
 */
export async function changeState(tx: Tables, change: StateChange): Promise<MovedJob[]> {
  for (const state of change.from) assertAllowed(state, change.move.to)
  const moved = change.ids.length > 0 ? await tx.jobs.compareAndSet(change) : []
  if (moved.length === 0) return []
  await tx.events.insert(
    moved.map(({ id, attempt, eventSeq }) => ({
      jobId: id,
      seq: eventSeq,
      body: { type: 'state', data: describe(change, attempt) },
    })),
  )
  if (isTold(change.move.to)) await tx.deliveries.add(change.move.to, moved)
  if (isFinalState(change.move.to)) await moveDependents(tx, moved)
  await recordAttempts(tx, change, moved)
  await tx.signals.jobs(moved.map((job) => job.id))
  if (concernsDispatcher(change.move.to)) await tx.signals.work()
  return moved
}

/** Before the team's use is written: jobs are locked before teams, and what is waited for before what waits. */
async function moveDependents(tx: Tables, ended: readonly MovedJob[]): Promise<void> {
  for (const decided of await decideDependents(
    tx,
    ended.map((job) => job.id),
  ))
    await changeState(tx, decided)
}

function assertAllowed(from: JobState, to: JobState): void {
  if (!canTransition(from, to)) throw new Error(`the table of job states has no way from ${from} to ${to}`)
}

function describe({ move, reason, failure }: StateChange, attempt: number): EventPayload<'state'> {
  const said = { state: move.to, attempt, ...(reason && { reason }), ...(failure && { failure }) }
  if (move.to === 'succeeded') return { ...said, verdict: move.verdict, result: move.result }
  return move.to === 'failed' ? { ...said, failure: move.failure } : said
}

async function recordAttempts(tx: Tables, { move, ending }: StateChange, moved: readonly MovedJob[]): Promise<void> {
  const keys = moved.map(({ id, attempt }) => ({ jobId: id, attempt }))
  if (move.to === 'dispatched') {
    const gpus = new Map(move.seats.map((seat) => [seat.jobId, seat.gpus]))
    return tx.attempts.open(keys.map((key) => ({ ...key, gpus: gpus.get(key.jobId) ?? 0 })))
  }
  if (move.to === 'running') {
    for (const key of keys) await tx.attempts.start(key, move.workerId)
    return
  }
  await tx.attempts.end(keys, { ending: endingOf(move), ...ending, nextState: move.to })
  await tx.batches.forget(moved.map((job) => job.id))
}

function endingOf(move: Exclude<JobMove, { to: 'dispatched' | 'running' }>): AttemptEnd['ending'] {
  if (move.to !== 'queued') return move.to === 'blocked' ? 'unclaimed' : move.to
  return move.why === 'failed' ? 'failed' : 'unclaimed'
}

/** A slot became free, or a job waits. */
function concernsDispatcher(to: JobState): boolean {
  return to !== 'dispatched' && to !== 'running'
}
