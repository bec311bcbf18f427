// One wish about many jobs, in as many calls as it takes.
import type { Client } from '@stillhouse/client'
import { type ChangedJobs, type JobsChange, MOST_CHANGED } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'
import { labelsOf } from './labels-of.ts'

export interface Wish extends Pick<JobsChange, 'action' | 'priority' | 'state' | 'dryRun'> {
  readonly ids: readonly string[]
  /** `key=value` pairs that must all hold. */
  readonly labels: readonly string[]
  readonly team?: string
}

/** @throws CliError when neither ids nor labels say which jobs are meant */
export async function changeMany(client: Pick<Client, 'changeJobs'>, wish: Wish): Promise<ChangedJobs> {
  const { ids, labels: pairs, team, ...rest } = wish
  if (ids.length === 0 && pairs.length === 0) throw new CliError('say which jobs: ids, --label key=value, or both')
  const change = { ...rest, ...(pairs.length > 0 && { labels: labelsOf(pairs) }) }
  const total: ChangedJobs = { matched: 0, changed: 0, ids: [], unchanged: [], nextCursor: null }
  for (const chunk of chunks(ids)) {
    let cursor: string | null = null
    do {
      const sent: JobsChange = { ...change, ...(chunk && { ids: [...chunk] }), ...(cursor !== null && { cursor }) }
      const answer: ChangedJobs = await client.changeJobs(sent, team === undefined ? {} : { team })
      add(total, answer)
      cursor = answer.nextCursor
    } while (cursor !== null)
  }
  return total
}

function add(total: ChangedJobs, answer: ChangedJobs): void {
  total.matched += answer.matched
  total.changed += answer.changed
  total.ids.push(...answer.ids)
  total.unchanged.push(...answer.unchanged)
}

/** As many ids as a call takes; without ids one call that names none. */
function chunks(ids: readonly string[]): (readonly string[] | undefined)[] {
  if (ids.length === 0) return [undefined]
  return Array.from({ length: Math.ceil(ids.length / MOST_CHANGED) }, (_, i) =>
    ids.slice(i * MOST_CHANGED, (i + 1) * MOST_CHANGED),
  )
}
