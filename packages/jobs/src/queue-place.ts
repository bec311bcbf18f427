// Where waiting jobs stand, why they wait and when they will start.
import type { JobRow, Rank, Tables } from '@stillhouse/db'
import type { Job, JobQueuePlace } from '@stillhouse/spec'
import type { JobContext } from './job-context.ts'
import { jobView, type ViewedJob } from './job-view.ts'
import { lookAround, type Overview } from './look-around.ts'
import { positionIn } from './schedule/position.ts'
import { whyBlocked } from './why-blocked.ts'
import { expectedIn, whyDispatched, whyHeldBack, whyInLine, whyLater, whyUnmet } from './why-waits.ts'

/** The jobs as callers see them, with their places in the queue. */
export async function withPlaces(context: JobContext, tables: Tables, jobs: readonly JobRow[]): Promise<Job[]> {
  const blocked = await whyBlocked(tables, jobs)
  const waits = jobs.some(({ state }) => state === 'queued' || state === 'dispatched')
  if (!waits) return jobs.map((job) => jobView(job, blocked.get(job.id) ?? null))
  const overview = await lookAround(context)
  const ids = jobs.flatMap(({ id, state }) => (state === 'queued' ? [id] : []))
  const ranks = new Map((await ranksOf(context, tables, ids, overview)).map((rank) => [rank.id, rank]))
  return jobs.map((job) => jobView(job, blocked.get(job.id) ?? placeOf(job, overview, ranks.get(job.id))))
}

/**
 * A job that was just sent, and so is the last of its priority.
 * @param overview from before it was
 */
export function withLastPlace(job: ViewedJob & PlacedJob, overview: Overview): Job {
  if (job.state !== 'queued') return jobView(job, null)
  const line = overview.lines.find(({ standing }) => standing.teamId === job.teamId)
  const apart = line ? [...line.heldBack, ...line.unmet] : []
  const before = overview.waiting.filter(
    ({ teamId, needs, priority }) => teamId === job.teamId && priority >= job.priority && !apart.includes(needs),
  )
  const ownAhead = before.reduce((sum, { jobs, overdue }) => sum + jobs - overdue, 0)
  return jobView(job, placeOf(job, overview, { id: job.id, ownAhead, overdueAhead: null }))
}

async function ranksOf({ settings }: JobContext, tables: Tables, ids: string[], { lines }: Overview): Promise<Rank[]> {
  const apart = lines.map(({ standing, heldBack, unmet }) => ({
    teamId: standing.teamId,
    needs: [...heldBack, ...unmet],
  }))
  return ids.length === 0 ? [] : tables.line.ranks(ids, apart, settings.maxWaitSeconds)
}

/** What decides where a job stands. */
export type PlacedJob = Pick<JobRow, 'state' | 'teamId' | 'workerId' | 'needs' | 'failures' | 'losses' | 'retryAt'>

function placeOf(job: PlacedJob, overview: Overview, rank: Rank | undefined): JobQueuePlace | null {
  const nowhere = { position: null, expectedStart: null }
  if (job.state === 'dispatched') return { ...nowhere, ...whyDispatched(job.workerId, overview) }
  if (job.state !== 'queued') return null
  const later = (job.retryAt?.getTime() ?? 0) - Date.now()
  if (later > 0)
    return { position: null, expectedStart: job.retryAt?.toISOString() ?? null, ...whyLater(job, later / 1000) }
  // a job that was dispatched between two looks has no rank any more
  const { overdueAhead = null } = rank ?? {}
  // one that lost its worker has had its turn
  const ownAhead = job.losses > 0 ? 0 : (rank?.ownAhead ?? 0)
  const line = overview.lines.find(({ standing }) => standing.teamId === job.teamId)
  const heldBack = line && whyHeldBack(line, job.needs, ownAhead)
  if (heldBack) return { ...nowhere, ...heldBack }
  if (line?.unmet.includes(job.needs)) return { ...nowhere, ...whyUnmet(job.needs, overview) }
  const position = job.losses > 0 ? overdueIn(overview) + 1 : turnOf({ job, ownAhead, overdueAhead }, overview)
  const inLine = { needs: job.needs, position, ownAhead }
  return { position, ...whyInLine(inLine, overview), expectedStart: momentIn(expectedIn(inLine, overview)) }
}

interface Turn {
  readonly job: PlacedJob
  readonly ownAhead: number
  readonly overdueAhead: number | null
}

function turnOf({ job, ownAhead, overdueAhead }: Turn, { lines, charge }: Overview): number {
  return overdueAhead === null ? positionIn(lines, job.teamId, ownAhead, charge) : overdueAhead + 1
}

function overdueIn({ lines }: Overview): number {
  return lines.reduce((sum, { overdue }) => sum + overdue, 0)
}

export function momentIn(seconds: number | null): string | null {
  return seconds === null ? null : new Date(Date.now() + seconds * 1000).toISOString()
}
