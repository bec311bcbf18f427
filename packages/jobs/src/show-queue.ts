// The whole queue: shares, and the line in the order in which jobs are due. Other teams' jobs are numbers to a team's key.
import type { OutOfLine, Tables, Waiting } from '@stillhouse/db'
import type { JobQueuePlace, QueuedJob, QueueTeam, QueueView } from '@stillhouse/spec'
import { fenceOf } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { Caller, QueueQuestion } from './job-service.ts'
import { lookAround, type Overview } from './look-around.ts'
import { momentIn } from './queue-place.ts'
import { positionIn, type TeamLine } from './schedule/position.ts'
import { expectedIn, whyInLine, whyUnmet } from './why-waits.ts'

interface Placed {
  readonly job: Waiting
  /** Null where it has none: no connected worker could take it. */
  readonly position: number | null
  readonly ownAhead: number
}

/** @throws ApiError team.not_found */
export async function showQueue(
  context: JobContext,
  caller: Caller,
  { team, limit }: QueueQuestion,
): Promise<QueueView> {
  const overview = await lookAround(context)
  return context.db.read(async (tables) => {
    const fence = await fenceOf(tables, caller, team)
    const lines = overview.lines.filter(({ standing }) => fence === null || standing.teamId === fence)
    const { workers, draining } = overview
    return {
      ...{ workers: workers.length, leaving: draining },
      slots: sum(workers, ({ slots }) => slots),
      busy: sum(workers, ({ running, dispatched }) => running + dispatched),
      inLine: sum(overview.lines, waitingIn),
      teams: teamViews(lines, overview, await tables.line.outOfLine()),
      jobs: await jobViews(tables, await firstInLine(context, tables, { lines, overview, limit }), overview),
    }
  })
}

/** Shares are among the teams that want some of the machines now. */
function teamViews(lines: readonly TeamLine[], overview: Overview, outside: readonly OutOfLine[]): QueueTeam[] {
  const wants = overview.lines.filter((line) => line.standing.active + line.jobs + line.overdue > 0)
  const weights = sum(wants, ({ standing }) => standing.weight)
  const use = sum(wants, ({ standing }) => standing.usage)
  return lines.flatMap((line) => {
    const { teamId, name, weight, usage, active, gpus } = line.standing
    const { backOff = 0, blocked = 0 } = outside.find((one) => one.teamId === teamId) ?? {}
    const inLine = waitingIn(line)
    if (active + inLine + line.heldBackJobs + backOff + blocked === 0) return []
    const wanted = wants.includes(line)
    const share = wanted ? weight / weights : 0
    const used = wanted && use > 0 ? Math.min(1, usage / use) : 0
    const counts = { running: active, gpus, inLine, heldBack: line.heldBackJobs, backOff, blocked }
    return [{ team: name, weight, share, used, ...counts }]
  })
}

/** Jobs that wait for their turn, or for a worker that could take them. */
function waitingIn({ jobs, overdue, unmetJobs }: TeamLine): number {
  return jobs + overdue + unmetJobs
}

interface LineQuestion {
  readonly lines: readonly TeamLine[]
  readonly overview: Overview
  readonly limit: number
}

/** The first of these teams' lines, in the order in which they are due. */
async function firstInLine(
  { settings }: JobContext,
  tables: Tables,
  { lines, overview, limit }: LineQuestion,
): Promise<Placed[]> {
  const kinds = overview.waiting.filter(({ teamId, needs }) =>
    lines.some(({ standing, heldBack }) => standing.teamId === teamId && !heldBack.includes(needs)),
  )
  const heads = await tables.line.heads(distinct(kinds), limit)
  const late = await tables.line.overdue(settings.maxWaitSeconds, limit)
  const early = late.flatMap((job, index) => (isIn(lines, job) ? [{ job, position: index + 1, ownAhead: 0 }] : []))
  const rest = heads.filter(({ id }) => !late.some((job) => job.id === id))
  const others = lines.flatMap(({ standing, allowance, unmet }) =>
    rest
      .filter(({ teamId, needs }) => teamId === standing.teamId && !unmet.includes(needs))
      .slice(0, Math.min(limit, allowance.running))
      .map((job, ownAhead) => ({
        ...{ job, ownAhead },
        position: positionIn(overview.lines, job.teamId, ownAhead, overview.charge),
      })),
  )
  const unmet = rest
    .filter(({ teamId, needs }) => lines.some((line) => line.standing.teamId === teamId && line.unmet.includes(needs)))
    .map((job) => ({ job, position: null, ownAhead: 0 }))
  const inOrder = [...early, ...others].sort((a, b) => a.position - b.position)
  return [...inOrder, ...unmet].slice(0, limit)
}

async function jobViews(tables: Tables, placed: readonly Placed[], overview: Overview): Promise<QueuedJob[]> {
  const titles = new Map((await tables.jobs.titles(placed.map(({ job }) => job.id))).map((one) => [one.id, one]))
  return placed.flatMap(({ job, position, ownAhead }) => {
    const title = titles.get(job.id)
    const queuedAt = new Date(job.queuedAt * 1000).toISOString()
    const place = placeOf({ job, position, ownAhead }, overview)
    return title ? [{ ...title, priority: job.priority, queuedAt, place }] : []
  })
}

function placeOf({ job: { needs }, position, ownAhead }: Placed, overview: Overview): JobQueuePlace {
  if (position === null) return { position, expectedStart: null, ...whyUnmet(needs, overview) }
  const inLine = { needs, position, ownAhead }
  return { position, ...whyInLine(inLine, overview), expectedStart: momentIn(expectedIn(inLine, overview)) }
}

function distinct(kinds: readonly { teamId: string; needs: string }[]): { teamId: string; needs: string }[] {
  const found = new Map(kinds.map(({ teamId, needs }) => [`${teamId} ${needs}`, { teamId, needs }]))
  return [...found.values()]
}

function isIn(lines: readonly TeamLine[], { teamId }: Waiting): boolean {
  return lines.some(({ standing }) => standing.teamId === teamId)
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
