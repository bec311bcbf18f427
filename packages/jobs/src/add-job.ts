// Writes one new job with what belongs to it: whom it waits for, its first event, and the record of who sent it.
import { hash } from 'node:crypto'
import { isStorable, type NewJob, type Tables } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { type AuditAction, canonicalJson, type Fault, type JobSpec, needsKey } from '@stillhouse/spec'
import { changeState } from './change-state.ts'
import { decide, dependenciesOf, dependencyFaults } from './dependencies.ts'
import type { TeamCaller } from './job-service.ts'
import { paceKey, trainingUnits } from './pace-key.ts'
import { record } from './record.ts'

export interface NewJobRequest {
  readonly id: string
  readonly spec: JobSpec
  readonly bodyHash: string
  readonly idempotencyKey: string | null
  /** The call that sends it. */
  readonly action: AuditAction
}

/**
 * Whom these jobs wait for is held first, so that locks are taken in one order: jobs, then teams.
 * @param specs of all jobs that the transaction will add
 */
export async function holdDependencies(tx: Tables, { teamId }: TeamCaller, specs: readonly JobSpec[]): Promise<void> {
  const ids = new Set(specs.flatMap(dependenciesOf).map(({ job }) => job))
  await tx.dependencies.hold(teamId, [...ids])
}

/**
 * Answers false when the id, or the team's Idempotency-Key, is taken.
 * @throws ApiError spec.invalid for a job to wait for that there is not, or that can never become what is asked of it
 */
export async function addJob(tx: Tables, caller: TeamCaller, request: NewJobRequest): Promise<boolean> {
  const { id, spec, action } = request
  const { teamId } = caller
  const waits = dependenciesOf(spec).length > 0
  const isNew = await tx.jobs.insert(newJob(caller, request))
  if (!isNew) return false
  const { name, priority } = spec
  await record(tx, caller, { action, target: { kind: 'job', id }, teamId, detail: { name, priority } })
  await (waits ? startWaiting(tx, caller, request) : announce(tx, id, 'queued'))
  return true
}

/** The row that it becomes. */
export function newJob(caller: TeamCaller, request: NewJobRequest): NewJob {
  const { id, spec, bodyHash, idempotencyKey } = request
  return {
    ...{ id, teamId: caller.teamId, spec, bodyHash, idempotencyKey, traceparent: caller.traceparent ?? null },
    state: dependenciesOf(spec).length > 0 ? 'blocked' : 'queued',
    specHash: hash('sha256', canonicalJson(spec)),
    needs: needsKey(spec.resources),
    trainingUnits: trainingUnits(spec),
    paceKey: paceKey(spec),
  }
}

/** A job whose dependencies are all met already is queued at once, and was never seen blocked. */
async function startWaiting(tx: Tables, { teamId }: TeamCaller, { id, spec }: NewJobRequest): Promise<void> {
  const faults = await dependencyFaults(tx, teamId, spec)
  if (faults.length > 0)
    throw new ApiError('spec.invalid', 'The job waits for jobs that it cannot wait for.', { faults })
  await tx.dependencies.insert(id, dependenciesOf(spec))
  const due = decide(await tx.dependencies.standings([id]))
  for (const decided of due) await changeState(tx, decided)
  if (due.length === 0) await announce(tx, id, 'blocked')
}

async function announce(tx: Tables, id: string, state: 'blocked' | 'queued'): Promise<void> {
  await tx.events.append(id, [{ type: 'state', data: { state, attempt: 0 } }])
  await tx.signals.work()
}

/**
 * Labels are searched, so PostgreSQL must be able to hold them as text.
 * @throws ApiError spec.invalid
 */
export function assertStorable(spec: JobSpec): void {
  const faults = Object.entries(spec.labels).flatMap(([key, value]): Fault[] =>
    isStorable(value)
      ? []
      : [
          {
            path: `/labels/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
            message: 'holds a character that cannot be stored',
            expected: 'text without NUL characters and broken surrogate pairs',
            received: JSON.stringify(value),
          },
        ],
  )
  if (faults.length > 0) throw new ApiError('spec.invalid', 'A label cannot be stored.', { faults })
}
