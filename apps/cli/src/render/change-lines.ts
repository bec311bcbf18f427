// What a wish about many jobs came to, one line per job.
import type { ChangedJobs, JobsAction, JobsChange } from '@stillhouse/spec'

type Asked = Pick<JobsChange, 'action' | 'priority' | 'dryRun'>

const DONE: Readonly<Record<JobsAction, string>> = {
  cancel: 'cancelled or asked to stop',
  retry: 'waits again',
  'set-priority': 'has the priority',
}
const WOULD: Readonly<Record<JobsAction, string>> = {
  cancel: 'would be cancelled',
  retry: 'would be retried',
  'set-priority': 'would have the priority',
}

export function changeLines({ ids, unchanged }: ChangedJobs, { action, priority, dryRun = false }: Asked): string {
  const count = ids.length + unchanged.length
  if (count === 0) return 'no job matches'
  const what = `${(dryRun ? WOULD : DONE)[action]}${priority === undefined ? '' : ` ${priority}`}`
  return [
    ...ids.map((id) => `${id}  ${what}`),
    ...unchanged.map(({ id, reason }) => `${id}  unchanged: ${reason}`),
    `${ids.length} of ${count} job${count === 1 ? '' : 's'} ${dryRun ? 'would be changed' : 'changed'}`,
  ].join('\n')
}
