// A job as a user wrote it, checked against everything that can be known before it is queued: the schema, the shelves,
// and what the service keeps of the team – teachers, data sets, jobs to wait for.
import type { CallerService, TeamService } from '@stillhouse/jobs'
import { type Fault, faultsAsWritten, type JobSpec, parseJobSpec } from '@stillhouse/spec'
import type { ApiContext } from './context.ts'
import { dataSourceFaults } from './data-source-faults.ts'
import { keptTeachers } from './kept-teachers.ts'
import { teacherSourceFaults } from './teacher-source-faults.ts'

export type CheckedSpec =
  | { readonly ok: true; readonly spec: JobSpec }
  | { readonly ok: false; readonly faults: readonly Fault[] }

export interface SpecChecks {
  readonly context: Pick<ApiContext, 'checkJob' | 'signatureOf'>
  /** Where teachers are looked up, on behalf of the team: what belongs to others does not exist. */
  readonly teachers: Pick<CallerService, 'getJob' | 'getModel'>
  readonly team: Pick<TeamService, 'hasDataset' | 'dependencyFaults'>
}

/**
 * The canonical spec, or its faults: those of the spec itself and, as far as it can be read, those of its shelf entries
 * and of what it takes from elsewhere. Whom a faultless job waits for is left to whoever takes it in, since only that
 * stays true.
 */
export async function checkSpec(body: unknown, checks: SpecChecks): Promise<CheckedSpec> {
  const parsed = parseJobSpec(body)
  const readable = parsed.ok ? parsed.spec : parsed.draft
  const found = readable === undefined ? [] : await outerFaults(readable, checks)
  if (parsed.ok && found.length === 0) return { ok: true, spec: parsed.spec }
  const own = parsed.ok ? [] : parsed.faults
  const waiting = readable === undefined ? [] : await checks.team.dependencyFaults(soundAfter(readable, own))
  return { ok: false, faults: firstAtEachPath([...own, ...faultsAsWritten([...found, ...waiting], body)]) }
}

/** The same with whom the job waits for, for those that only ask. */
export async function checkSpecWhole(body: unknown, checks: SpecChecks): Promise<CheckedSpec> {
  const checked = await checkSpec(body, checks)
  if (!checked.ok) return checked
  const faults = await checks.team.dependencyFaults(checked.spec)
  return faults.length === 0 ? checked : { ok: false, faults: faultsAsWritten(faults, body) }
}

/** What the schema cannot tell: the shelves first, then what the service keeps. */
async function outerFaults(spec: JobSpec, { context, teachers, team }: SpecChecks): Promise<Fault[]> {
  return [
    ...context.checkJob(spec, await keptTeachers(spec, teachers)),
    ...(await teacherSourceFaults(spec, { ...context, service: teachers })),
    ...(await dataSourceFaults(spec, team)),
  ]
}

/** What is faulty itself cannot be looked up. */
function soundAfter({ after, ...rest }: JobSpec, faults: readonly Fault[]): JobSpec {
  return after === undefined || faults.some(({ path }) => path.startsWith('/after')) ? rest : { ...rest, after }
}

function firstAtEachPath(faults: readonly Fault[]): Fault[] {
  const first = new Map<string, Fault>()
  for (const fault of faults) if (!first.has(fault.path)) first.set(fault.path, fault)
  return [...first.values()]
}
