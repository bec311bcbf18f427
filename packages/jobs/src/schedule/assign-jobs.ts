// Which worker gets which job. Jobs are taken in the order in which they are due; one that fits nowhere is passed over, so
// it holds up nobody, but the place where it will fit first is kept for it: who jumps over it may not delay it (EASY
// backfilling, Lifka 1995, with a kept place for every job that was passed over).
import type { Held, Room, Standing, Waiting } from '@stillhouse/db'
import { parseNeeds, type WorkerNeeds } from '@stillhouse/spec'
import { type Allowance, allowances, allows } from './allowances.ts'
import { lineUp } from './line.ts'
import { choosePreemption, type Preemption } from './preempt.ts'
import { couldSit, fits, fitsIn, keep, openSeats, type Seat, take } from './seats.ts'

export interface Assignment {
  readonly jobId: string
  readonly workerId: string
  /** That the slot brings. */
  readonly gpus: number
}

export interface Situation {
  /** In the order of their teams' lines. */
  readonly waiting: readonly Waiting[]
  /** Oldest first; they are due before all others. */
  readonly overdue: readonly Waiting[]
  readonly rooms: readonly Room[]
  readonly held: readonly Held[]
  readonly standings: readonly Standing[]
  /** What a job uses, weighted slot-seconds. */
  readonly charge: number
  /** Names of the workers that were lost while they ran a job, by job: it goes there only if it can go nowhere else. */
  readonly lostOn: ReadonlyMap<string, readonly string[]>
}

export interface Decision {
  readonly assigned: Assignment[]
  readonly preemptions: Preemption[]
  /** Jobs whose reserved place came to nothing. */
  readonly released: string[]
}

interface Round extends Situation {
  readonly seats: readonly Seat[]
  readonly allowed: ReadonlyMap<string, Allowance>
  readonly decision: Decision
}

export function assignJobs(situation: Situation): Decision {
  const { rooms, held, standings } = situation
  const decision: Decision = { assigned: [], preemptions: [], released: [] }
  const round: Round = { ...situation, seats: openSeats(rooms, held), allowed: allowances(standings), decision }
  const settled = settleReservations(round)
  const line = lineUp(situation)
  const mayStop = held.some(({ preemptible }) => preemptible)
  let placed = false
  for (let job = line.next(false); job !== undefined; job = line.next(placed)) {
    if (!mayStop && round.seats.every(({ free }) => free.slots < 1)) break
    placed = settled.get(job.id) ?? place(round, job)
  }
  return decision
}

/** Jobs for which others were stopped come first where they were. Answers, by job, whether each has its place now. */
function settleReservations(round: Round): Map<string, boolean> {
  const settled = new Map<string, boolean>()
  for (const job of [...round.overdue, ...round.waiting]) {
    if (job.reservedOn === null || settled.has(job.id)) continue
    const needs = parseNeeds(job.needs)
    const seat = openTo(round, job, needs).find(({ room }) => room.id === job.reservedOn)
    if (seat && fits(needs, job.seconds, seat)) {
      sit(round, job, seat)
      settled.set(job.id, true)
    } else if (
      seat &&
      round.held.some(({ workerId, stopReason }) => workerId === seat.room.id && stopReason !== null)
    ) {
      keep(needs, seat)
      settled.set(job.id, false)
    } else round.decision.released.push(job.id)
  }
  return settled
}

/** Answers whether the job has its place now; if not, one is made or kept for it. */
function place(round: Round, job: Waiting): boolean {
  const needs = parseNeeds(job.needs)
  const open = openTo(round, job, needs)
  const lost = round.lostOn.get(job.id) ?? []
  const elsewhere = open.filter(({ room }) => !lost.includes(room.name))
  const choice = elsewhere.length > 0 ? elsewhere : open
  const seat = bestSeat(needs, job.seconds, choice)
  if (seat) sit(round, job, seat)
  else makeRoom(round, { job, needs, seats: choice })
  return seat !== undefined
}

/** Where the job may sit, full or not. */
function openTo({ seats, allowed }: Round, { teamId }: Waiting, needs: WorkerNeeds): Seat[] {
  const allowance = allowed.get(teamId)
  if (!allowance || !allows(allowance, needs.gpus > 0)) return []
  return seats.filter((seat) => couldSit(needs, seat) && allows(allowance, seat.hasGpu))
}

function sit({ allowed, decision }: Round, job: Waiting, seat: Seat): void {
  take(parseNeeds(job.needs), job.seconds, seat)
  const gpus = seat.hasGpu ? 1 : 0
  const allowance = allowed.get(job.teamId)
  if (allowance) {
    allowance.running -= 1
    allowance.gpus -= gpus
  }
  decision.assigned.push({ jobId: job.id, workerId: seat.room.id, gpus })
}

interface Unseated {
  readonly job: Waiting
  readonly needs: WorkerNeeds
  readonly seats: readonly Seat[]
}

function makeRoom({ held, standings, charge, decision }: Round, { job, needs, seats }: Unseated): void {
  const stopped = new Set(decision.preemptions.flatMap(({ victims }) => victims.map(({ id }) => id)))
  const stoppable = held.filter(({ id }) => !stopped.has(id))
  const preemption = choosePreemption({ job, needs, seats, held: stoppable, standings, charge })
  if (preemption) decision.preemptions.push(preemption)
  const where = preemption
    ? seats.find(({ room }) => room.id === preemption.workerId)
    : [...seats].sort((a, b) => fitsIn(needs, a) - fitsIn(needs, b))[0]
  if (where) keep(needs, where)
}

/** Jobs without a GPU keep away from workers with one; those with one take the smallest that will do; then the emptiest. */
function bestSeat(needs: WorkerNeeds, seconds: number | null, seats: readonly Seat[]): Seat | undefined {
  const fitting = seats.filter((seat) => fits(needs, seconds, seat))
  return fitting.sort((a, b) => gpuSize(a) - gpuSize(b) || b.free.slots - a.free.slots)[0]
}

/** Memory of the largest GPU, GB; below 0 without one. */
function gpuSize({ room }: Seat): number {
  return Math.max(-1, ...room.devices.flatMap(({ kind, memoryGb = 0 }) => (kind === 'gpu' ? [memoryGb] : [])))
}
