// What a blocked job waits for, in words. Whoever may see the job may see those too: they are of its team.
import type { JobRow, StandingDependency, Tables } from '@stillhouse/db'
import type { JobQueuePlace } from '@stillhouse/spec'

/** Of those of the jobs that are blocked: why, by id. */
export async function whyBlocked(tables: Tables, jobs: readonly JobRow[]): Promise<Map<string, JobQueuePlace>> {
  const ids = jobs.flatMap(({ id, state }) => (state === 'blocked' ? [id] : []))
  const waits = await tables.dependencies.standings(ids)
  return new Map(
    waits.map(({ jobId, needs }) => [
      jobId,
      { position: null, kind: 'dependency', reason: whyWaiting(needs), expectedStart: null },
    ]),
  )
}

/** Names one job, first of all one that somebody must retry, and counts the others. */
function whyWaiting(needs: readonly StandingDependency[]): string {
  const stuck = needs.filter(({ standing }) => standing === 'stuck')
  const unmet = [...stuck, ...needs.filter(({ standing }) => standing === 'open')]
  const [first] = unmet
  // released between two looks
  if (first === undefined) return 'all that it waits for is done'
  const what = first.standing === 'stuck' ? `${first.state}, until somebody retries it` : first.state
  const others = unmet.length > 1 ? `, ${unmet.length - 1} more` : ''
  return `waits for job ${first.name} (${what})${others}`
}
