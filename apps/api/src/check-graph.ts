// Every job of a document, checked like one that is sent alone; those that teach others in it are known by their specs.
import { newJobIds, type TeamService } from '@stillhouse/jobs'
import { type Fault, faultsAsWritten, type Job, type JobSpec, parseJobSpec } from '@stillhouse/spec'
import { checkSpec } from './check-spec.ts'
import type { ApiContext } from './context.ts'
import { lookUpOnce } from './look-up-once.ts'
import { type GraphJob, readGraph } from './read-graph.ts'

export interface CheckedGraph {
  readonly jobs: readonly (GraphJob & { readonly spec: JobSpec })[]
  /** None: the jobs may be sent. */
  readonly faults: readonly Fault[]
}

export async function checkGraph(
  body: unknown,
  context: Pick<ApiContext, 'checkJob' | 'signatureOf'>,
  team: TeamService,
): Promise<CheckedGraph> {
  const { jobs, faults: found } = readGraph(body, newJobIds)
  const faults = [...found]
  const told = new Set(found.map(({ path }) => path))
  const own = new Set(jobs.map(({ id }) => id))
  const checks = { context, teachers: withOwn(team, jobs), team }
  const sound: (GraphJob & { spec: JobSpec })[] = []
  for (const job of jobs) {
    const checked = await checkSpec(job.body, checks)
    if (checked.ok) sound.push({ ...job, spec: checked.spec })
    // jobs of the document are not there yet, and those with faults will not be
    else
      faults.push(...inGraph(job, checked.faults).filter(({ path, received }) => !told.has(path) && !own.has(received)))
  }
  return { jobs: sound, faults }
}

/** The same with whom the jobs wait for, for those that only ask. */
export async function checkGraphWhole(...asked: Parameters<typeof checkGraph>): Promise<readonly Fault[]> {
  const { jobs, faults } = await checkGraph(...asked)
  if (faults.length > 0) return faults
  const own = new Set(jobs.map(({ id }) => id))
  const [, , team] = asked
  const found: Fault[] = []
  for (const job of jobs) {
    const waits = (await team.dependencyFaults(job.spec)).filter(({ received }) => !own.has(received))
    found.push(...inGraph(job, faultsAsWritten(waits, job.body)))
  }
  return found
}

/** Faults of the canonical specs as they were written. @param faults with paths as `/jobs/<name>/…` */
export function graphFaultsAsWritten(faults: readonly Fault[], jobs: readonly GraphJob[]): Fault[] {
  return jobs.flatMap((job) => {
    const prefix = `/jobs/${job.name}/`
    const own = faults.flatMap((one) =>
      one.path.startsWith(prefix) ? [{ ...one, path: one.path.slice(prefix.length - 1) }] : [],
    )
    return inGraph(job, faultsAsWritten(own, job.body))
  })
}

function inGraph({ name }: GraphJob, faults: readonly Fault[]): Fault[] {
  return faults.map((one) => ({ ...one, path: `/jobs/${name}${one.path}` }))
}

type LookUps = Pick<TeamService, 'getJob' | 'getModel'>

/** Looks for jobs in the document first. One that has faults is not found, nor is it missed. */
function withOwn(team: LookUps, jobs: readonly GraphJob[]): LookUps {
  const specs = new Map(
    jobs.flatMap(({ id, body }): [string, JobSpec][] => {
      const parsed = parseJobSpec(body)
      return parsed.ok ? [[id, parsed.spec]] : []
    }),
  )
  const { getJob, getModel } = lookUpOnce(team)
  return {
    getModel,
    getJob: async (id) => {
      const spec = specs.get(id)
      return spec === undefined ? getJob(id) : ({ id, state: 'blocked', spec } as Job)
    },
  }
}
