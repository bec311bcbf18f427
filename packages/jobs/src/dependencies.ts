// What a job waits for, and what follows once that is decided. The truth is the table of dependencies; a spec says in two
// places whom it waits for: `after`, and teachers that come from a job.
import type { CompareAndSet, Dependency, StandingDependency, Tables, Waits } from '@stillhouse/db'
import { type DEPENDENCY_CONDITIONS, FAILURES, type Fault, type JobSpec } from '@stillhouse/spec'

/** A move of waiting jobs that is due. */
export interface Decided extends Pick<CompareAndSet, 'ids' | 'from' | 'move'> {
  readonly reason: string
}

interface Named extends Dependency {
  /** JSON Pointer into the canonical spec. */
  readonly path: string
}

/** Every place of the spec that names a job to wait for. */
function namedJobs({ after = [], teachers }: JobSpec): Named[] {
  const taught = teachers.flatMap(({ from }, i): Named[] =>
    from !== undefined && 'job' in from
      ? [{ job: from.job, condition: 'succeeded', otherwise: 'fail', path: `/teachers/${i}/from/job` }]
      : [],
  )
  return [...after.map((one, i) => ({ ...one, path: `/after/${i}/job` })), ...taught]
}

/**
 * What the job waits for, each job once. Of a teacher that also stands in `after` the stricter condition counts, and
 * what `after` says of the case that it does not come true.
 */
export function dependenciesOf(spec: JobSpec): Dependency[] {
  const needs = new Map<string, Dependency>()
  for (const { path: _, ...need } of namedJobs(spec)) {
    const id = need.job.toLowerCase()
    const said = needs.get(id)
    needs.set(id, said === undefined ? { ...need, job: id } : { ...said, condition: stricter(said, need) })
  }
  return [...needs.values()]
}

const BY_STRICTNESS = ['finished', 'succeeded', 'passed'] as const satisfies (typeof DEPENDENCY_CONDITIONS)[number][]

function stricter(...needs: readonly Dependency[]): Dependency['condition'] {
  return BY_STRICTNESS[Math.max(...needs.map(({ condition }) => BY_STRICTNESS.indexOf(condition)))] ?? 'succeeded'
}

/**
 * What is wrong with whom the spec names: jobs that the team does not have, and those that ended so that waiting for them
 * is in vain. Paths are those of the canonical spec.
 */
export async function dependencyFaults(tables: Tables, teamId: string, spec: JobSpec): Promise<Fault[]> {
  const needs = dependenciesOf(spec)
  const found = new Map(
    (needs.length > 0 ? await tables.dependencies.look(teamId, needs) : []).map((need) => [need.job, need]),
  )
  return namedJobs(spec).flatMap(({ path, job }): Fault[] => {
    const need = found.get(job.toLowerCase())
    if (need === undefined)
      return [{ path, message: 'there is no such job', expected: 'the id of a job', received: job }]
    if (need.standing !== 'failed') return []
    const received = `${need.name}, which ${ENDED[need.state] ?? need.state}`
    return [{ path, message: `waits in vain: ${whyInVain(need)}`, expected: EXPECTED[need.condition], received }]
  })
}

const EXPECTED = {
  succeeded: 'a job that has succeeded or still may',
  passed: 'a job that has passed its gates or still may',
  finished: 'a job',
} as const

const ENDED: Readonly<Partial<Record<StandingDependency['state'], string>>> = {
  succeeded: 'succeeded, but missed a gate',
  failed: 'failed',
  cancelled: 'was cancelled',
}

function whyInVain({ name, state }: StandingDependency): string {
  return `job ${name} ${ENDED[state] ?? `is ${state}`}`
}

/**
 * The moves that are due now that these jobs have ended. Locks the jobs that wait for them; what is asked after that sees
 * whatever another transaction decided meanwhile, so of two that end at once the later one releases.
 */
export async function decideDependents(tx: Tables, endedIds: readonly string[]): Promise<Decided[]> {
  return decide(await tx.dependencies.standings(await tx.dependencies.lockWaitingFor(endedIds)))
}

/** The moves that are due; waiting jobs that are to be moved alike are moved at once. */
export function decide(waiting: readonly Waits[]): Decided[] {
  const ready = waiting.filter(({ needs }) => needs.every(({ standing }) => standing === 'met'))
  const doomed = new Map<string, string[]>()
  for (const { jobId, needs } of waiting) {
    const culprit = needs.find(({ standing }) => standing === 'failed')
    if (culprit === undefined) continue
    const message = failureMessage(culprit)
    doomed.set(message, [...(doomed.get(message) ?? []), jobId])
  }
  return [
    ...(ready.length > 0 ? [released(ready.map(({ jobId }) => jobId))] : []),
    ...[...doomed].map(([message, ids]) => failed(ids, message)),
  ]
}

function released(ids: readonly string[]): Decided {
  return { ids, from: ['blocked'], move: { to: 'queued', why: 'afresh' }, reason: 'all that it waited for is done' }
}

function failed(ids: readonly string[], message: string): Decided {
  const failure = { code: 'dependency.failed', message, hint: FAILURES['dependency.failed'].hint }
  return { ids, from: ['blocked'], move: { to: 'failed', failure }, reason: message }
}

const ASKED = {
  succeeded: 'to succeed',
  passed: 'to succeed with all gates passed',
  finished: 'to end',
} as const

/** Names the job: it is of the same team. */
function failureMessage(need: StandingDependency): string {
  return `This job waits for ${need.name} (${need.job}) ${ASKED[need.condition]}, and ${whyInVain(need)}.`
}
