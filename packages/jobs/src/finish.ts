// An attempt's last word: decides what the job becomes, once. The same word said again gets the same answer.
import { hash } from 'node:crypto'
import type { JobRow, Tables } from '@stillhouse/db'
import { canonicalJson, type JobState, judgeGates, type Outcome } from '@stillhouse/spec'
import { afterFailure } from './after-failure.ts'
import { changeState, type StateChange } from './change-state.ts'
import { cordonSuspect } from './cordon-suspect.ts'
import type { JobContext } from './job-context.ts'
import { existingJob, staleAttempt } from './job-errors.ts'
import type { AttemptRef } from './job-service.ts'
import { missingFiles } from './missing-files.ts'
import { handBackEnding } from './stop-reason.ts'

type Succeeded = Extract<Outcome, { outcome: 'succeeded' }>
type Consequence = Pick<StateChange, 'move' | 'reason' | 'failure' | 'ending'>

/**
 * @returns the state that the job has now
 * @throws ApiError job.not_found, attempt.stale
 */
export async function finish(context: JobContext, ref: AttemptRef, outcome: Outcome): Promise<JobState> {
  const word = outcome.outcome === 'succeeded' ? await withProof(context, ref, outcome) : outcome
  const outcomeHash = hash('sha256', canonicalJson(outcome))
  let failedOn: string | null = null
  const state = await context.db.transaction(async (tx) => {
    const job = await existingJob(ref.jobId, tx.jobs.lock)
    if (job.state !== 'running' || job.attempt !== ref.attempt) return repeated(tx, { ref, job, outcomeHash })
    const consequence =
      word.outcome === 'failed' ? await afterFailure(context, tx, { job, failure: word }) : consequenceOf(job, word)
    await changeState(tx, {
      ...consequence,
      ids: [job.id],
      from: ['running'],
      guard: { attempt: ref.attempt },
      ending: { ...endingOf(job, word), outcomeHash },
    })
    if (word.outcome === 'succeeded') {
      await tidyUp(tx, { jobId: job.id, metricSeq: word.metricSeq, context })
      await tx.paces.learn(job.id)
    }
    failedOn = word.outcome === 'failed' ? job.workerId : null
    return consequence.move.to
  })
  if (failedOn !== null) await suspect(context, failedOn)
  return state
}

/** The outcome is written already: what goes wrong here must not look as if it were not. */
async function suspect(context: JobContext, workerId: string): Promise<void> {
  await cordonSuspect(context, workerId).catch((error: unknown) =>
    context.logger.warn({ err: error, workerId }, 'could not judge the worker on which an attempt failed'),
  )
}

/** Success needs an export whose bytes are there; without, it is a failed upload, whatever the worker says. */
async function withProof({ db, artifacts }: JobContext, ref: AttemptRef, outcome: Succeeded): Promise<Outcome> {
  const exported = await db.read(async (tables) => {
    await existingJob(ref.jobId, tables.jobs.find)
    return tables.artifacts.list(ref.jobId, 'export')
  })
  if (exported.length === 0) return uploadFailed('no exported model was stored')
  const missing = await missingFiles(exported, artifacts)
  return missing.length === 0 ? outcome : uploadFailed(`${missing[0]?.path} is not in the artifact store`)
}

function uploadFailed(why: string): Outcome {
  return { outcome: 'failed', code: 'worker.upload_failed', message: `The attempt ended well, but ${why}.` }
}

async function repeated(
  tx: Tables,
  { ref, job, outcomeHash }: { ref: AttemptRef; job: JobRow; outcomeHash: string },
): Promise<JobState> {
  const record = await tx.attempts.find(ref)
  if (record?.outcomeHash === outcomeHash && record.nextState) return record.nextState
  throw staleAttempt(ref, job)
}

function consequenceOf(job: JobRow, outcome: Exclude<Outcome, { outcome: 'failed' }>): Consequence {
  switch (outcome.outcome) {
    case 'succeeded': {
      const gates = judgeGates(job.spec.gates, outcome.metrics)
      const verdict = gates.every((gate) => gate.passed) ? 'passed' : 'failed'
      return { move: { to: 'succeeded', verdict, result: { metrics: outcome.metrics, gates } } }
    }
    case 'cancelled':
      return stopped(job, 'the worker stopped it')
    case 'handed-back':
      return stopped(job, job.stopReason ?? `handed back: ${outcome.reason}`)
  }
}

/** A stopped attempt is the end only if somebody asked for it; otherwise the job keeps its place in the queue. */
export function stopped(job: Pick<JobRow, 'cancelRequested'>, reason: string): Consequence {
  return job.cancelRequested
    ? { move: { to: 'cancelled' }, reason: 'cancelled while running' }
    : { move: { to: 'queued', why: 'again' }, reason }
}

function endingOf({ stopReason }: JobRow, outcome: Outcome): NonNullable<StateChange['ending']> {
  if (outcome.outcome === 'failed') return { ending: 'failed', code: outcome.code }
  return { ending: outcome.outcome === 'handed-back' ? handBackEnding(stopReason) : outcome.outcome }
}

/** What an earlier attempt wrote beyond the end goes, and so do the checkpoints: there is nothing to resume. */
async function tidyUp(
  tx: Tables,
  { jobId, metricSeq, context }: { jobId: string; metricSeq: number; context: JobContext },
): Promise<void> {
  await tx.metrics.trim(jobId, metricSeq)
  await tx.staleBlobs.mark(await tx.checkpoints.prune(jobId, 0), context.settings.staleBlobSeconds)
}
