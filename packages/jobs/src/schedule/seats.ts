// What is free on the workers, now and when the jobs that run end; and places kept for jobs that fit nowhere yet.
import type { Held, Room } from '@stillhouse/db'
import { meetsNeeds, parseNeeds, type WorkerNeeds } from '@stillhouse/spec'

export interface Seat {
  readonly room: Room
  readonly hasGpu: boolean
  free: Space
  /** What jobs that run there give back, soonest first. */
  readonly ends: Ending[]
  /** Places kept there for jobs ahead in the line. */
  readonly kept: Kept[]
}

export interface Space {
  readonly slots: number
  /** GB; infinite when the worker does not tell. */
  readonly memoryGb: number
}

interface Ending extends Space {
  /** Seconds from now; infinite when not known. */
  readonly inSeconds: number
}

interface Kept {
  readonly needs: WorkerNeeds
  /** Seconds from now. */
  readonly inSeconds: number
}

/** Slots that nothing runs in and nothing is on its way to. */
export function freeSlots({ slots, running, dispatched }: Room): number {
  return Math.max(0, slots - running - dispatched)
}

export function hasGpu({ devices }: Pick<Room, 'devices'>): boolean {
  return devices.some(({ kind }) => kind === 'gpu')
}

export function openSeats(rooms: readonly Room[], held: readonly Held[] = []): Seat[] {
  return rooms.map((room) => ({
    room,
    hasGpu: hasGpu(room),
    free: { slots: freeSlots(room), memoryGb: (room.memoryGb ?? Number.POSITIVE_INFINITY) - room.memoryHeldGb },
    ends: held
      .filter(({ workerId }) => workerId === room.id)
      .map((job) => ({
        slots: 1,
        memoryGb: parseNeeds(job.needs).memoryGb,
        inSeconds: secondsLeft(job) ?? Number.POSITIVE_INFINITY,
      }))
      .sort((a, b) => a.inSeconds - b.inSeconds),
    kept: [],
  }))
}

/** Whether the worker has what the job asks for at all. */
export function couldSit(needs: WorkerNeeds, { room }: Seat): boolean {
  return meetsNeeds(needs, room)
}

/**
 * Whether the job can be placed there now: it fits, and it is no longer there, or not in the way, when a place that is
 * kept for a job ahead of it is due.
 * @param seconds how long it will run; null when not known
 */
export function fits(needs: WorkerNeeds, seconds: number | null, seat: Seat): boolean {
  if (!couldSit(needs, seat) || !holds(seat.free, needs)) return false
  return seat.kept.every((kept) => {
    if (seconds !== null && Number.isFinite(kept.inSeconds) && seconds <= kept.inSeconds) return true
    return holds(less(spaceAt(seat, kept.inSeconds), needs), kept.needs)
  })
}

/** Keeps the place there for a job that fits nowhere now, from when it will fit. */
export function keep(needs: WorkerNeeds, seat: Seat): void {
  seat.kept.push({ needs, inSeconds: fitsIn(needs, seat) })
}

export function take(needs: WorkerNeeds, seconds: number | null, seat: Seat): void {
  seat.free = less(seat.free, needs)
  seat.ends.push({ slots: 1, memoryGb: needs.memoryGb, inSeconds: seconds ?? Number.POSITIVE_INFINITY })
  seat.ends.sort((a, b) => a.inSeconds - b.inSeconds)
}

/** Whether it would fit there once so many slots and so much memory were given back. */
export function wouldFit(needs: WorkerNeeds, { free }: Seat, given: Space): boolean {
  return holds({ slots: free.slots + given.slots, memoryGb: free.memoryGb + given.memoryGb }, needs)
}

/** When the job would fit there if nothing else were placed, seconds from now; infinite when that is not known. */
export function fitsIn(needs: WorkerNeeds, seat: Seat): number {
  if (holds(seat.free, needs)) return 0
  return (
    seat.ends.find(({ inSeconds }) => holds(spaceAt(seat, inSeconds), needs))?.inSeconds ?? Number.POSITIVE_INFINITY
  )
}

/** How long a job in a slot will go on, seconds; null when nothing tells. */
export function secondsLeft({ done, ranSeconds, stageSecondsLeft, seconds }: Held): number | null {
  const atLeast = stageSecondsLeft ?? 0
  if (seconds !== null) return Math.max(atLeast, seconds * (1 - done))
  return done > 0.02 ? Math.max(atLeast, (ranSeconds * (1 - done)) / done) : null
}

function spaceAt({ free, ends }: Seat, inSeconds: number): Space {
  const over = ends.filter((end) => end.inSeconds <= inSeconds)
  const sum = (field: keyof Space): number => over.reduce((total, end) => total + end[field], free[field])
  return { slots: sum('slots'), memoryGb: sum('memoryGb') }
}

function holds({ slots, memoryGb }: Space, needs: WorkerNeeds): boolean {
  return slots >= 1 && memoryGb >= needs.memoryGb
}

function less({ slots, memoryGb }: Space, needs: WorkerNeeds): Space {
  return { slots: slots - 1, memoryGb: memoryGb - needs.memoryGb }
}
