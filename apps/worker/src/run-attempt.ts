// One attempt from claim to outcome: scratch folder, checkpoint, trainer, outcome, and cleaning up. Everything that
// can go wrong ends in one of the outcomes, or in silence when the attempt is not ours any more.
import type { Logger } from '@stillhouse/kit'
import type { Claim, FailureCode, Outcome, TrainerVersions } from '@stillhouse/spec'
import { describeError, isDiskFull } from './api-failure.ts'
import { createAttemptApi } from './attempt-api.ts'
import type { AttemptControl } from './attempt-control.ts'
import type { AttemptRun } from './attempt-run.ts'
import { conductTrainer } from './conduct-trainer.ts'
import { bringData, type DataStore } from './data/bring-data.ts'
import { DataError } from './data/data-error.ts'
import { failed, stopped } from './decide-outcome.ts'
import type { WorkerMetrics } from './metrics.ts'
import { createReportBatcher } from './report-batcher.ts'
import { restoreCheckpoint } from './restore-checkpoint.ts'
import { makeScratch } from './scratch.ts'
import type { Settings } from './settings.ts'
import { lostGpu, type SlotHealth } from './slot-health.ts'
import { describeSlot, type Seat } from './slots.ts'
import type { AttemptTrace } from './telemetry-attempt.ts'
import type { TrainerPool } from './trainer-pool.ts'
import type { TrainerProcess } from './trainer-process.ts'
import type { TrainerRecords } from './trainer-records.ts'
import { TrainerRightsError } from './trainer-rights.ts'
import type { WorkerApi } from './worker-api.ts'

export interface AttemptContext {
  readonly claim: Claim
  readonly control: AttemptControl
  readonly slot: Seat
  readonly health: SlotHealth
  readonly api: WorkerApi
  readonly pool: TrainerPool
  readonly records: TrainerRecords
  readonly data: DataStore
  readonly settings: Settings
  readonly metrics: WorkerMetrics
  readonly trace: AttemptTrace
  readonly logger: Logger
}

type Ashore = Omit<AttemptRun, 'trainer' | 'dataFolders'>

const REPORT_EVERY_MS = 500

/** Never rejects; when it resolves, the API knows the outcome or the attempt is somebody else's. */
export async function runAttempt(context: AttemptContext): Promise<void> {
  const { claim, control, settings, metrics, trace, logger } = context
  const api = createAttemptApi({
    api: context.api,
    ref: control.ref,
    abandoned: control.abandoned,
    giveUpAfterMs: settings.uploadMs,
    onStale: () => control.abandon('the API refused a write: the attempt is no longer ours'),
    onRetry: (error, pauseMs) =>
      logger.warn(
        { reason: describeError(error), pauseMs: Math.round(pauseMs) },
        'a call to the API failed; trying again',
      ),
  })
  const batcher = createReportBatcher({ send: api.report, everyMs: REPORT_EVERY_MS })
  const forgetBacklog = metrics.watchBacklog(batcher.waiting)
  const ended = (outcome: Outcome | 'abandoned'): void => {
    metrics.attemptEnded(outcome)
    trace.end(outcome)
  }
  try {
    const outcome = await findOutcome(context, { claim, control, api, batcher, settings, metrics, trace, logger })
    context.health.note(context.slot, claim.jobId, outcome)
    // what conductTrainer flushed is delivered; what came after it is worth a try and no more
    await batcher.flush().catch(() => {})
    await api.finish(outcome)
    ended(outcome)
    logger.info(outcome, 'attempt finished')
  } catch (error) {
    ended('abandoned')
    if (control.abandoned.aborted) logger.warn({ reason: describeError(error) }, 'attempt abandoned')
    else logger.error({ err: error }, 'the outcome could not be reported; the lease will run out')
  } finally {
    batcher.close()
    forgetBacklog()
  }
}

/** @throws only when the attempt is abandoned */
async function findOutcome(context: AttemptContext, ashore: Omit<Ashore, 'scratch'>): Promise<Outcome> {
  const scratch = makeScratch(context.settings.scratchDir, context.control.ref)
  try {
    return await train(context, { ...ashore, scratch: await scratch })
  } catch (error) {
    context.control.abandoned.throwIfAborted()
    return failed(failureCode(error), describeError(error))
  } finally {
    await scratch
      .then((made) => made.remove())
      .catch((error) => context.logger.warn({ err: error }, 'scratch was left'))
  }
}

async function train(context: AttemptContext, ashore: Ashore): Promise<Outcome> {
  const { claim, control, trace } = ashore
  const checkpoint = await trace.during('restore checkpoint', () => restoreCheckpoint(claim, ashore))
  const data = await trace.during('bring data', () => bringData(context.data, ashore))
  try {
    const early = control.stopReason()
    if (early || data === null) return stopped(early ?? 'hand-back', control.stopWords())
    return await runTrainer(context, { ...ashore, dataFolders: data.folders }, checkpoint)
  } finally {
    await data?.release()
  }
}

async function runTrainer(
  { pool, records, slot, health }: AttemptContext,
  ready: Omit<AttemptRun, 'trainer'>,
  checkpoint: string | null,
): Promise<Outcome> {
  const { claim, control, scratch, trace } = ready
  const trainer = pool.take(slot, claim.spec.resources)
  const kill = (): void => trainer.kill()
  control.abandoned.addEventListener('abort', kill)
  try {
    control.abandoned.throwIfAborted()
    await records.write(trainer.pid, scratch.root)
    const lost = lostGpu(slot, await trace.during('start trainer', () => untilReady(trainer)))
    health.saw(slot, lost === null)
    const late = control.stopReason()
    // the machine's fault: the job goes on where there is a GPU, and the attempt does not count
    if (lost !== null && claim.spec.resources.gpus > 0) return stopped(late ?? 'hand-back', lost)
    tellDevice(ready, slot, lost)
    return late ? stopped(late, control.stopWords()) : await conductTrainer({ ...ready, trainer }, checkpoint)
  } finally {
    control.abandoned.removeEventListener('abort', kill)
    kill()
    await trainer.ended
  }
}

/** A job that did not ask for a GPU uses the slot's; either way its log should say what it ran on. */
function tellDevice({ batcher, claim, settings }: Omit<AttemptRun, 'trainer'>, slot: Seat, lost: string | null): void {
  const { attempt } = claim
  if (slot.device === null) return
  const message =
    lost === null
      ? `Attempt ${attempt} runs on ${describeSlot(slot)} of worker ${settings.name}.`
      : `Attempt ${attempt} runs on the CPU of worker ${settings.name}: ${lost}.`
  if (lost !== null) batcher.addLog('warn', message)
  batcher.addEvent({ type: 'note', data: { attempt, message } })
}

function untilReady({ ready }: TrainerProcess): Promise<TrainerVersions> {
  return ready.catch((error) => {
    throw new TrainerStartError(describeError(error), { cause: error })
  })
}

function failureCode(error: unknown): FailureCode {
  if (error instanceof TrainerStartError) return 'trainer.crashed'
  if (error instanceof DataError) return error.code
  if (error instanceof TrainerRightsError) return 'trainer.error'
  return isDiskFull(error) ? 'resource.disk_full' : 'worker.upload_failed'
}

/** The trainer did not come up. Another worker may do better, so the failure counts as the machine's. */
class TrainerStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TrainerStartError'
  }
}
