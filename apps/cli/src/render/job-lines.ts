// A job in a few lines, and many jobs in a table.
import type { Job } from '@stillhouse/spec'
import { duration, percent } from './format.ts'
import { resultTable } from './result-table.ts'
import { table } from './table.ts'

function seconds(from: string | null, to: string | null): string {
  if (from === null) return '–'
  return duration((new Date(to ?? Date.now()).getTime() - new Date(from).getTime()) / 1000)
}

function where(job: Job): string {
  if (job.queue !== null) return job.queue.reason
  if (job.state === 'running' && job.progress !== null) {
    const { stage, step, steps } = job.progress
    return steps > 0 ? `${stage} ${percent(step / steps)}` : stage
  }
  if (job.failure !== null) return job.failure.code
  return job.verdict === null || job.result?.gates.length === 0 ? '' : `gates ${job.verdict}`
}

/**
 * One row per job.
 * @param options teams: also whose it is
 */
export function jobTable(jobs: readonly Job[], { teams = false }: { teams?: boolean } = {}): string {
  const rows = jobs.map((job) => [
    job.id,
    ...(teams ? [job.team] : []),
    job.name,
    job.state,
    String(job.attempt),
    seconds(job.startedAt, job.finishedAt),
    where(job),
  ])
  return table(['id', ...(teams ? ['team'] : []), 'name', 'state', 'attempt', 'ran', ''], rows)
}

/** Everything worth knowing about one job. */
export function jobDetails(job: Job): string {
  const lines = [
    `${job.name}  ${job.id}`,
    `team       ${job.team}`,
    `state      ${job.state}${job.cancelRequested && job.state === 'running' ? ' (cancel requested)' : ''}`,
    `attempt    ${job.attempt}`,
    `created    ${job.createdAt}`,
    `ran        ${seconds(job.startedAt, job.finishedAt)}`,
  ]
  const place = job.queue
  if (place?.position) lines.push(`position   ${place.position}`)
  if (where(job) !== '') lines.push(`now        ${where(job)}`)
  if (job.failure !== null)
    lines.push(`failure    ${job.failure.code}: ${job.failure.message}`, `what to do ${job.failure.hint}`)
  if (job.result !== null) lines.push('', resultTable(job))
  return lines.join('\n')
}
