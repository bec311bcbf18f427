// Hands out jobs. PostgreSQL is the truth: one round looks at who waits, what is free and who is due (schedule/), and writes
// what it decided; the queue is only told. A worker's queue never holds more than it can take, so its order cannot break
// ours.
import type { HandOver, Room, Tables } from '@stillhouse/db'
import { meetsNeeds, parseNeeds } from '@stillhouse/spec'
import { changeState } from './change-state.ts'
import { type JobContext, liveSeconds } from './job-context.ts'
import { type Assignment, assignJobs, type Decision, type Situation } from './schedule/assign-jobs.ts'
import { UNKNOWN_CHARGE } from './schedule/line.ts'
import { freeSlots } from './schedule/seats.ts'
import { preemptedBy } from './stop-reason.ts'

const MOST_AT_ONCE = 500
/** Jobs per team and kind that are looked at beyond those that fit: one of them may make others stop, or keep a place. */
const LOOK_BEYOND = 4

/** One round; answers how many jobs were handed to the outbox. Safe beside another dispatcher: one waits for the other. */
export async function dispatch(context: JobContext): Promise<number> {
  return context.db.transaction(async (tx) => {
    await tx.signals.lockDispatch()
    const situation = await look(tx, context)
    if (situation === null) return 0
    const decision = assignJobs(situation)
    await makeRoom(tx, decision)
    const moved = await move(tx, decision.assigned)
    const inOrder = decision.assigned.flatMap(({ jobId }) => moved.get(jobId) ?? [])
    await tx.outbox.add('queue.add', inOrder)
    return inOrder.length
  })
}

/** Null when nothing can be done: no job waits that some worker has what it asks for, or nothing is free nor can be. */
async function look(tx: Tables, { settings }: JobContext): Promise<Situation | null> {
  const { workers: rooms } = await tx.workers.capacity(liveSeconds(settings))
  const kinds = rooms.length > 0 ? await possibleKinds(tx, rooms) : []
  if (kinds.length === 0) return null
  const held = await tx.line.held()
  const free = rooms.reduce((sum, room) => sum + freeSlots(room), 0)
  if (free === 0 && !held.some(({ preemptible }) => preemptible)) return null
  const limit = Math.min(free, MOST_AT_ONCE) + LOOK_BEYOND
  const waiting = await tx.line.heads(kinds, limit)
  const overdue = await tx.line.overdue(settings.maxWaitSeconds, limit)
  return {
    ...{ rooms, held, waiting, overdue },
    standings: await tx.teams.standings(),
    charge: (await tx.paces.meanCharge()) ?? UNKNOWN_CHARGE,
    lostOn: new Map(),
  }
}

async function possibleKinds(tx: Tables, rooms: readonly Room[]): Promise<{ teamId: string; needs: string }[]> {
  const kinds = await tx.line.kinds()
  const met = new Map<string, boolean>()
  for (const { needs } of kinds) {
    if (met.has(needs)) continue
    const parsed = parseNeeds(needs)
    met.set(
      needs,
      rooms.some((room) => meetsNeeds(parsed, room)),
    )
  }
  return kinds.filter(({ needs }) => met.get(needs))
}

/** Asks jobs to stop, and keeps the place for whom they do. */
async function makeRoom(tx: Tables, { preemptions, released }: Decision): Promise<void> {
  for (const jobId of released) await tx.line.reserve(jobId, null)
  for (const preemption of preemptions) {
    await tx.line.reserve(preemption.job.id, preemption.workerId)
    for (const victim of preemption.victims)
      await tx.jobs.requestHandBack([victim.id], preemptedBy(preemption.job, victim))
  }
}

/** Answers the hand-overs by job: of those that were still queued. */
async function move(tx: Tables, seats: readonly Assignment[]): Promise<Map<string, HandOver>> {
  const workers = new Map(seats.map(({ jobId, workerId }) => [jobId, workerId]))
  const moved = await changeState(tx, { ids: [...workers.keys()], from: ['queued'], move: { to: 'dispatched', seats } })
  return new Map(moved.map(({ id, attempt }) => [id, { jobId: id, attempt, workerId: workers.get(id) as string }]))
}
