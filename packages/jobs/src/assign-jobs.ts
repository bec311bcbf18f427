// Which worker gets which job: a job goes where it fits and where it stands least in the way of others.
import type { Room, TeamLimit, Waiting } from '@stillhouse/db'
import { meetsNeeds, parseNeeds, type WorkerNeeds } from '@stillhouse/spec'

export interface Assignment {
  readonly jobId: string
  readonly workerId: string
}

interface Seat {
  readonly room: Room
  free: number
}

/**
 * Goes through the jobs in their order; one that fits nowhere is passed over, so it holds up nobody.
 * @param waiting in the order in which they shall run
 * @param rooms workers that take jobs
 * @param limits of teams that may run only so many more
 */
export function assignJobs(
  waiting: readonly Waiting[],
  rooms: readonly Room[],
  limits: readonly Pick<TeamLimit, 'teamId' | 'allowance'>[],
): Assignment[] {
  const seats = rooms.map((room): Seat => ({ room, free: freeSlots(room) }))
  const allowed = new Map(limits.map(({ teamId, allowance }) => [teamId, allowance]))
  return waiting.flatMap(({ id, teamId, needs }) => {
    const allowance = allowed.get(teamId) ?? Number.POSITIVE_INFINITY
    const seat = allowance > 0 ? bestSeat(parseNeeds(needs), seats) : undefined
    if (seat === undefined) return []
    seat.free -= 1
    allowed.set(teamId, allowance - 1)
    return [{ jobId: id, workerId: seat.room.id }]
  })
}

/** Slots that nothing runs in and nothing is on its way to. */
export function freeSlots({ slots, running, dispatched }: Room): number {
  return Math.max(0, slots - running - dispatched)
}

/** Jobs without a GPU keep away from workers with one; those with one take the smallest that will do; then the emptiest. */
function bestSeat(needs: WorkerNeeds, seats: readonly Seat[]): Seat | undefined {
  const fitting = seats.filter(({ room, free }) => free > 0 && meetsNeeds(needs, room))
  return fitting.sort((a, b) => gpuSize(a.room) - gpuSize(b.room) || b.free - a.free)[0]
}

/** Memory of the largest GPU, GB; below 0 without one. */
function gpuSize({ devices }: Room): number {
  return Math.max(-1, ...devices.flatMap(({ kind, memoryGb = 0 }) => (kind === 'gpu' ? [memoryGb] : [])))
}
