// Who is stopped for a job of higher priority: jobs that were declared preemptible, as few as will do, the least important
// first and of those the one that has run shortest. Another team's only while that team has had more than its share.
import type { Held, Standing, Waiting } from '@stillhouse/db'
import { parseNeeds, type WorkerNeeds } from '@stillhouse/spec'
import { virtualTime } from './line.ts'
import { type Seat, wouldFit } from './seats.ts'

export interface Preemption {
  readonly job: Waiting
  readonly workerId: string
  readonly victims: readonly Held[]
}

export interface PreemptionQuestion {
  readonly job: Waiting
  readonly needs: WorkerNeeds
  /** Where it may sit, were there room. */
  readonly seats: readonly Seat[]
  readonly held: readonly Held[]
  readonly standings: readonly Standing[]
  readonly charge: number
}

/** Undefined when stopping everybody that may be stopped makes no room. */
export function choosePreemption(question: PreemptionQuestion): Preemption | undefined {
  const { job, needs, seats } = question
  const possible = seats
    .filter(({ room }) => room.features.includes('hand-back'))
    .flatMap((seat) => {
      const victims = fewest(needs, seat, victimsOn(question, seat))
      return victims === undefined ? [] : [{ job, workerId: seat.room.id, victims }]
    })
  return possible.sort((a, b) => a.victims.length - b.victims.length || mostImportant(a) - mostImportant(b))[0]
}

/** The least important first. */
function victimsOn({ job, held, standings, charge }: PreemptionQuestion, { room }: Seat): Held[] {
  const dueAt = new Map(standings.map((team) => [team.teamId, virtualTime(team, team.active, charge)]))
  const later = (teamId: string): boolean => (dueAt.get(teamId) ?? 0) > (dueAt.get(job.teamId) ?? 0)
  return held
    .filter((one) => one.workerId === room.id && one.state === 'running' && one.preemptible && one.stopReason === null)
    .filter((one) => one.priority < job.priority && (one.teamId === job.teamId || later(one.teamId)))
    .sort((a, b) => a.priority - b.priority || a.ranSeconds - b.ranSeconds)
}

function fewest(needs: WorkerNeeds, seat: Seat, candidates: readonly Held[]): Held[] | undefined {
  const given = { slots: 0, memoryGb: 0 }
  for (const [index, { needs: theirs }] of candidates.entries()) {
    given.slots += 1
    given.memoryGb += parseNeeds(theirs).memoryGb
    if (wouldFit(needs, seat, given)) return candidates.slice(0, index + 1)
  }
  return undefined
}

function mostImportant({ victims }: Preemption): number {
  return Math.max(...victims.map(({ priority }) => priority))
}
