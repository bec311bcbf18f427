// Where a job stands over all teams, from how many wait in each: nobody has to walk the line.
import type { Standing, WaitingKind } from '@stillhouse/db'
import { parseNeeds } from '@stillhouse/spec'
import { type Allowance, allowanceOf, allows } from './allowances.ts'
import { virtualTime } from './line.ts'

/** A team's line. */
export interface TeamLine {
  readonly standing: Standing
  readonly allowance: Allowance
  /** Jobs in it: neither overdue, nor of a kind that is held back or that no worker can run. */
  readonly jobs: number
  /** Jobs before all lines. */
  readonly overdue: number
  /** Kinds of needs that the team's quotas hold back altogether. */
  readonly heldBack: readonly string[]
  /** Jobs of these kinds. */
  readonly heldBackJobs: number
  /** Kinds that no connected worker has what they ask for: whoever is behind them need not wait for them. */
  readonly unmet: readonly string[]
  /** Jobs of these kinds. */
  readonly unmetJobs: number
}

/**
 * In the order of the teams.
 * @param isMet whether some worker has what jobs of these needs ask for
 */
export function teamLines(
  standings: readonly Standing[],
  kinds: readonly WaitingKind[],
  isMet: (needs: string) => boolean,
): TeamLine[] {
  return standings.map((standing) => {
    const own = kinds.filter(({ teamId }) => teamId === standing.teamId)
    const allowance = allowanceOf(standing)
    const free = own.filter((kind) => mayRun(allowance, kind))
    const heldBack = own.filter((kind) => !mayRun(allowance, kind))
    const inLine = free.filter(({ needs }) => isMet(needs))
    const unmet = free.filter(({ needs }) => !isMet(needs))
    return {
      ...{ standing, allowance },
      jobs: sum(inLine, ({ jobs, overdue }) => jobs - overdue),
      overdue: sum(inLine, ({ overdue }) => overdue),
      ...{ heldBack: needsOf(heldBack), heldBackJobs: sum(heldBack, ({ jobs }) => jobs) },
      ...{ unmet: needsOf(unmet), unmetJobs: sum(unmet, ({ jobs }) => jobs) },
    }
  })
}

function needsOf(kinds: readonly WaitingKind[]): string[] {
  return [...new Set(kinds.map(({ needs }) => needs))]
}

/** A team that may run nothing more has a line all the same: its first jobs are held back in it. */
function mayRun({ gpus }: Allowance, { needs }: WaitingKind): boolean {
  return allows({ running: 1, gpus }, parseNeeds(needs).gpus > 0)
}

/**
 * 1 = next.
 * @param rank jobs of its team that are ahead of it in the team's line
 * @param charge what a job uses, weighted slot-seconds
 */
export function positionIn(lines: readonly TeamLine[], teamId: string, rank: number, charge: number): number {
  const own = lines.findIndex(({ standing }) => standing.teamId === teamId)
  const time = own < 0 ? 0 : timeOf(lines[own] as TeamLine, rank, charge)
  const others = lines.map((line, index) =>
    index === own ? rank : countDue(line, { time, wins: index < own, charge }),
  )
  return 1 + sum(lines, ({ overdue }) => overdue) + others.reduce((total, count) => total + count, 0)
}

interface Due {
  readonly time: number
  /** Whether the team goes first where both are due at the same time. */
  readonly wins: boolean
  readonly charge: number
}

/** Jobs of the team that are due before that time. */
function countDue(line: TeamLine, { time, wins, charge }: Due): number {
  const most = Math.min(line.jobs, line.allowance.running)
  const { usage, weight, active } = line.standing
  const isDue = (index: number): boolean => {
    const theirs = timeOf(line, index, charge)
    return theirs < time || (wins && theirs === time)
  }
  // the quotient is exact but for rounding; the last word has the comparison that the line itself makes
  let count = Math.min(most, Math.max(0, Math.floor((time * weight - usage) / charge - active) - 1))
  while (count < most && isDue(count)) count += 1
  return count
}

function timeOf({ standing }: TeamLine, index: number, charge: number): number {
  return virtualTime(standing, standing.active + index, charge)
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
