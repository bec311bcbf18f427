// A worker takes a handed-over attempt. From here on only this attempt may write to the job.
import type { ArtifactStore } from '@stillhouse/artifacts'
import { isUuid, type JobRow } from '@stillhouse/db'
import { startSpan } from '@stillhouse/kit'
import type { Claim, ClaimRequest, StoredCheckpoint } from '@stillhouse/spec'
import { changeState } from './change-state.ts'
import type { JobContext } from './job-context.ts'
import { existingJob, staleAttempt, workerNotFound } from './job-errors.ts'
import { missingFiles } from './missing-files.ts'

/**
 * A worker that repeats its claim gets the same answer again.
 * @throws ApiError job.not_found, worker.not_found, attempt.stale when the attempt is not there for this worker to take
 */
export async function claim(context: JobContext, jobId: string, request: ClaimRequest): Promise<Claim> {
  const startedAt = new Date()
  const { job, checkpoints } = await context.db.transaction(async (tx) => {
    const job = await existingJob(jobId, tx.jobs.lock)
    const { workerId, attempt } = request
    if (!isUuid(workerId) || !(await tx.workers.exists(workerId))) throw workerNotFound(workerId)
    if (!mayClaim(job, request)) throw staleAttempt({ jobId, attempt }, job)
    if (job.state === 'running')
      await tx.jobs.renewLeases(workerId, [{ jobId, attempt }], context.settings.leaseSeconds)
    else
      await changeState(tx, {
        ids: [jobId],
        from: ['dispatched'],
        guard: { attempt },
        move: { to: 'running', workerId, leaseSeconds: context.settings.leaseSeconds },
      })
    return { job, checkpoints: await tx.checkpoints.list(jobId) }
  })
  const [checkpoint = null, fallback = null] = await wholeOnes(checkpoints, context.artifacts)
  const { leaseSeconds } = context.settings
  const attributes = {
    'stillhouse.job.id': jobId,
    'stillhouse.attempt': request.attempt,
    'stillhouse.worker.id': request.workerId,
  }
  if (job.traceparent !== null) startSpan('claim', { parent: job.traceparent, attributes, startedAt }).end()
  const trace = job.traceparent === null ? {} : { traceparent: job.traceparent }
  return { jobId, attempt: request.attempt, spec: job.spec, leaseSeconds, ...trace, checkpoint, fallback }
}

function mayClaim(job: JobRow, { workerId, attempt }: ClaimRequest): boolean {
  const mine = job.attempt === attempt && job.workerId === workerId
  return mine && (job.state === 'dispatched' || job.state === 'running')
}

/** The checkpoints of which every file is in the store, newest first. */
async function wholeOnes(
  checkpoints: readonly StoredCheckpoint[],
  artifacts: ArtifactStore,
): Promise<StoredCheckpoint[]> {
  const whole: StoredCheckpoint[] = []
  for (const checkpoint of checkpoints)
    if ((await missingFiles(checkpoint.files, artifacts)).length === 0) whole.push(checkpoint)
  return whole
}
