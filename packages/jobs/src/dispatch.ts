// Hands out jobs: each to a worker that has what it asks for and a free slot, highest priority first, then first come
// first served. A job that no connected worker can run is passed over, so it holds up nobody, and so is one whose team runs
// as many as it may. A worker's queue never holds more than it can take, so its order cannot break ours.
import type { Capacity, HandOver, Tables } from '@stillhouse/db'
import { meetsNeeds, parseNeeds } from '@stillhouse/spec'
import { type Assignment, assignJobs, freeSlots } from './assign-jobs.ts'
import { changeState } from './change-state.ts'
import { type JobContext, liveSeconds } from './job-context.ts'

const MOST_AT_ONCE = 500

/** One round; answers how many jobs were handed to the outbox. Safe beside another dispatcher: one waits for the other. */
export async function dispatch({ db, settings }: JobContext): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.signals.lockDispatch()
    const capacity = await tx.workers.capacity(liveSeconds(settings))
    const assigned = await assign(tx, capacity)
    const moved = await move(tx, capacity, assigned)
    const inOrder = assigned.flatMap(({ jobId }) => moved.get(jobId) ?? [])
    await tx.outbox.add('queue.add', inOrder)
    return inOrder.length
  })
}

async function assign(tx: Tables, { workers }: Capacity): Promise<Assignment[]> {
  const rooms = workers.filter((room) => freeSlots(room) > 0)
  const free = rooms.reduce((sum, room) => sum + freeSlots(room), 0)
  if (free === 0) return []
  const kinds = (await tx.jobs.queuedNeeds()).filter((needs) => {
    const parsed = parseNeeds(needs)
    return rooms.some((room) => meetsNeeds(parsed, room))
  })
  const limits = await tx.teams.limits()
  const waiting = await tx.jobs.nextQueued(kinds, Math.min(free, MOST_AT_ONCE), limits)
  return assignJobs(waiting, rooms, limits).slice(0, MOST_AT_ONCE)
}

/** Answers the hand-overs by job: of those that were still queued. */
async function move(
  tx: Tables,
  { workers }: Capacity,
  assigned: readonly Assignment[],
): Promise<Map<string, HandOver>> {
  const found = new Map<string, HandOver>()
  for (const workerId of new Set(assigned.map((one) => one.workerId))) {
    const ids = assigned.flatMap((one) => (one.workerId === workerId ? [one.jobId] : []))
    const gpus = hasGpu(workers, workerId) ? 1 : 0
    const moved = await changeState(tx, { ids, from: ['queued'], move: { to: 'dispatched', workerId, gpus } })
    for (const { id, attempt } of moved) found.set(id, { jobId: id, attempt, workerId })
  }
  return found
}

/** Every slot of a worker with GPUs has one. */
function hasGpu(workers: Capacity['workers'], workerId: string): boolean {
  return workers.some(({ id, devices }) => id === workerId && devices.some(({ kind }) => kind === 'gpu'))
}
