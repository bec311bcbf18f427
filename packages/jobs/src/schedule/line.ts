// Whose turn it is. Weighted fair queueing over teams: a team is due when what it used of the machines lately, and what the
// jobs that it has in slots will use, is least for its weight. Within a team: priority, then age.
import type { Standing, Waiting } from '@stillhouse/db'

/** What a job is taken to use before anything is known of it: a minute in a slot without a GPU. */
export const UNKNOWN_CHARGE = 3

/**
 * When a team is due: the virtual time of weighted fair queueing (Demers, Keshav, Shenker 1989), weighted slot-seconds.
 * @param slots jobs of the team taken to be in slots
 * @param charge what one of them uses, weighted slot-seconds
 */
export function virtualTime(
  { usage, weight }: Pick<Standing, 'usage' | 'weight'>,
  slots: number,
  charge: number,
): number {
  return (usage + slots * charge) / weight
}

export interface Line {
  /** The next job, or undefined at the end; `placed` tells what became of the one before. */
  next(placed: boolean): Waiting | undefined
}

export interface LineOptions {
  /** Overdue jobs, in the order in which they run: before all others. */
  readonly overdue: readonly Waiting[]
  /** The others, in the order of their teams' lines. */
  readonly waiting: readonly Waiting[]
  readonly standings: readonly Standing[]
  readonly charge: number
}

interface TeamLine {
  readonly standing: Standing
  readonly jobs: readonly Waiting[]
  /** Index of its next job. */
  at: number
  /** Jobs in slots, those just placed included. */
  slots: number
}

/**
 * Goes through the jobs in the order in which they are due. A job that finds no place does not move its team back. One that
 * lost its worker has had its turn, so it waits for none: it keeps away from that worker, and its team would be served there
 * again and again before another is free.
 */
export function lineUp({ overdue, waiting, standings, charge }: LineOptions): Line {
  const late = new Set(overdue.map(({ id }) => id))
  const first = [...overdue, ...waiting.filter(({ id, losses }) => losses > 0 && !late.has(id))]
  const early = new Set(first.map(({ id }) => id))
  const lines = standings.map((standing): TeamLine => {
    const jobs = waiting.filter(({ id, teamId }) => teamId === standing.teamId && !early.has(id))
    return { standing, jobs, at: 0, slots: standing.active }
  })
  const lineOf = new Map(lines.map((line) => [line.standing.teamId, line]))
  let last: TeamLine | undefined
  return {
    next(placed) {
      if (placed && last) last.slots += 1
      const job = first.shift()
      if (job) {
        last = lineOf.get(job.teamId)
        return job
      }
      last = due(lines, charge)
      return last?.jobs[last.at++]
    },
  }
}

/** Of the teams with jobs left the one that is due; of several the one made first. */
function due(lines: readonly TeamLine[], charge: number): TeamLine | undefined {
  let best: TeamLine | undefined
  let least = Number.POSITIVE_INFINITY
  for (const line of lines) {
    const time = virtualTime(line.standing, line.slots, charge)
    if (line.at < line.jobs.length && time < least) [best, least] = [line, time]
  }
  return best
}
