// What an administrator wants of a worker: that it takes no new jobs, that it also hands back those it runs, or neither.
import { type HeldJob, isUuid, type Tables } from '@stillhouse/db'
import type { Worker, WorkerChange, WorkerMode } from '@stillhouse/spec'
import { assertCluster } from './caller.ts'
import { changeState } from './change-state.ts'
import type { JobContext } from './job-context.ts'
import { workerNotFound } from './job-errors.ts'
import type { Caller } from './job-service.ts'
import { visibleWorkers } from './list-workers.ts'
import { record } from './record.ts'
import { drainedFrom } from './stop-reason.ts'

/**
 * Asking for the mode that a worker is in has no effect beyond what that mode still has to do.
 * @throws ApiError worker.not_found, auth.forbidden
 */
export async function changeWorker(
  { db }: JobContext,
  caller: Caller,
  { id, mode }: WorkerChange & { id: string },
): Promise<Worker> {
  assertCluster(caller, 'may change workers')
  if (!isUuid(id)) throw workerNotFound(id)
  return db.transaction(async (tx) => {
    // nothing is dispatched to it meanwhile
    await tx.signals.lockDispatch()
    const before = await tx.workers.lock(id)
    if (before === null) throw workerNotFound(id)
    await tx.workers.setMode(id, mode)
    await apply(tx, { id, ...before, mode })
    if (before.mode !== mode) await note(tx, caller, { id, name: before.name, from: before.mode, to: mode })
    await tx.signals.work()
    const [worker] = await visibleWorkers(tx, caller, id)
    return worker as Worker
  })
}

interface Changed extends NonNullable<Awaited<ReturnType<Tables['workers']['lock']>>> {
  readonly id: string
}

/** One that does not understand hand-back keeps what it runs. */
async function apply(tx: Tables, { id, name, mode, features }: Changed): Promise<void> {
  const held = mode === 'active' ? [] : await tx.workers.held(id)
  for (const job of held) if (job.state === 'dispatched') await takeBack(tx, job, name, mode)
  if (mode === 'draining' && features.includes('hand-back')) await requestHandBack(tx, id, name)
  if (mode !== 'draining') await withdrawHandBack(tx, id, name)
}

async function takeBack(tx: Tables, { id, attempt, workerId }: HeldJob, name: string, mode: WorkerMode): Promise<void> {
  const change = {
    ids: [id],
    from: ['dispatched' as const],
    guard: { attempt },
    move: { to: 'queued' as const, why: 'again' as const },
    reason: mode === 'draining' ? drainedFrom(name) : `worker ${name} takes no new jobs`,
  }
  // one that was claimed just now is running
  if ((await changeState(tx, change)).length === 1)
    await tx.outbox.add('queue.remove', [{ jobId: id, attempt, workerId }])
}

async function requestHandBack(tx: Tables, workerId: string, name: string): Promise<void> {
  const running = (await tx.workers.held(workerId)).flatMap(({ id, state }) => (state === 'running' ? [id] : []))
  const asked = await tx.jobs.requestHandBack(running, drainedFrom(name))
  await tell(tx, asked, `Worker ${name} is drained: it hands the job back with a checkpoint, and another goes on.`)
}

async function withdrawHandBack(tx: Tables, workerId: string, name: string): Promise<void> {
  const spared = await tx.jobs.withdrawHandBack(workerId, drainedFrom(name))
  await tell(tx, spared, `Worker ${name} is not drained any more; the job is not wanted back.`)
}

async function tell(tx: Tables, jobs: readonly { id: string; attempt: number }[], message: string): Promise<void> {
  for (const { id, attempt } of jobs) await tx.events.append(id, [{ type: 'note', data: { attempt, message } }])
  await tx.signals.jobs(jobs.map(({ id }) => id))
}

async function note(
  tx: Tables,
  caller: Caller,
  { id, ...detail }: { id: string; name: string; from: WorkerMode; to: WorkerMode },
): Promise<void> {
  await record(tx, caller, { action: 'changeWorker', target: { kind: 'worker', id }, teamId: null, detail })
}
