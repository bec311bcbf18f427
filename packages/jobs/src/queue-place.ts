// Where a waiting job stands and why it waits, in words.
import type { Capacity, JobRow, QueuePlace, Room, Tables, TeamLimit } from '@stillhouse/db'
import { describeNeeds, type Job, type JobQueuePlace, meetsNeeds, parseNeeds, type WorkerNeeds } from '@stillhouse/spec'
import { freeSlots } from './assign-jobs.ts'
import { type JobSettings, liveSeconds } from './job-context.ts'
import { jobView } from './job-view.ts'
import { whyBlocked } from './why-blocked.ts'

/** The jobs as callers see them, with their places in the queue. */
export async function withPlaces(tables: Tables, jobs: readonly JobRow[], settings: JobSettings): Promise<Job[]> {
  const waiting = jobs.filter((job) => job.state === 'queued' || job.state === 'dispatched')
  const blocked = await whyBlocked(tables, jobs)
  if (waiting.length === 0) return jobs.map((job) => jobView(job, blocked.get(job.id) ?? null))
  const limits = await tables.teams.limits()
  const ids = waiting.flatMap((job) => (job.state === 'queued' ? [job.id] : []))
  const places = await tables.places.places(ids, limits)
  const capacity = await tables.workers.capacity(liveSeconds(settings))
  const { tries } = await tables.outbox.backlog()
  const situation = { ...capacity, queueDown: tries > 0 }
  const limitOf = new Map(limits.map((limit) => [limit.teamId, limit]))
  return jobs.map((job) =>
    jobView(
      job,
      blocked.get(job.id) ?? placeOf(job, situation, { place: places.get(job.id), limit: limitOf.get(job.teamId) }),
    ),
  )
}

export interface Situation extends Capacity {
  /** The queue refused what it was given last. */
  readonly queueDown: boolean
}

interface Found {
  readonly place: QueuePlace | undefined
  readonly limit: TeamLimit | undefined
}

function placeOf(job: JobRow, situation: Situation, { place, limit }: Found): JobQueuePlace | null {
  if (job.state === 'dispatched')
    return { position: null, kind: 'hand-over', reason: whyDispatched(job.workerId, situation), expectedStart: null }
  if (job.state !== 'queued') return null
  if (place?.position === null && limit)
    return { position: null, kind: 'quota', reason: whyHeldBack(limit, place.ownAhead), expectedStart: null }
  // a job that was dispatched between two looks has no position any more
  const position = place?.position ?? 1
  return { position, kind: 'busy', reason: whyQueued(position, parseNeeds(job.needs), situation), expectedStart: null }
}

/** The words for a job that waits for jobs of its own team. */
export function whyHeldBack({ name, maxRunning, active }: Omit<TeamLimit, 'teamId'>, ownAhead: number): string {
  const others = ownAhead > 0 ? `; ${counted(ownAhead, 'job')} of the team ${ownAhead === 1 ? 'is' : 'are'} ahead` : ''
  return `the team ${name} may run ${counted(maxRunning, 'job')} at a time and runs ${active}${others}`
}

export function whyQueued(position: number, needs: WorkerNeeds, { workers, draining }: Situation): string {
  const ahead = position - 1
  const others = ahead > 0 ? `; ${counted(ahead, 'job')} ${ahead === 1 ? 'is' : 'are'} ahead` : ''
  const fitting = workers.filter((room) => meetsNeeds(needs, room))
  const asked = describeNeeds(needs)
  if (workers.length === 0 && draining > 0)
    return `no worker takes jobs: ${counted(draining, 'worker')} ${draining === 1 ? 'is' : 'are'} draining${others}`
  if (fitting.length === 0)
    return asked === '' ? `no worker is connected${others}` : `it asks for ${asked} and no connected worker has that`
  if (ahead < total(fitting, freeSlots)) return 'a slot is free; the job is about to be handed over'
  const slots = total(fitting, (room) => room.slots)
  const whose = asked === '' ? '' : ` with ${asked}`
  return `${slots === 1 ? `the only slot${whose} is` : `all ${slots} slots${whose} are`} busy${others}`
}

export function whyDispatched(workerId: string | null, { workers, queueDown }: Situation): string {
  if (queueDown) return 'the queue does not answer; the hand-over is tried again'
  const worker = workers.find(({ id }) => id === workerId)
  return worker === undefined
    ? 'the worker that should take it is gone; another one is looked for'
    : `waiting for worker ${worker.name} to take it`
}

function total(rooms: readonly Room[], count: (room: Room) => number): number {
  return rooms.reduce((sum, room) => sum + count(room), 0)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
