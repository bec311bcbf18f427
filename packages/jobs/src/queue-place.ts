// Where a waiting job stands and why it waits, in words.
import type { Capacity, JobRow, Room, Tables } from '@stillhouse/db'
import { describeNeeds, type Job, type JobQueuePlace, meetsNeeds, parseNeeds, type WorkerNeeds } from '@stillhouse/spec'
import { freeSlots } from './assign-jobs.ts'
import { type JobSettings, liveSeconds } from './job-context.ts'
import { jobView } from './job-view.ts'

/** The jobs as callers see them, with their places in the queue. */
export async function withPlaces(tables: Tables, jobs: readonly JobRow[], settings: JobSettings): Promise<Job[]> {
  const waiting = jobs.filter((job) => job.state === 'queued' || job.state === 'dispatched')
  if (waiting.length === 0) return jobs.map((job) => jobView(job, null))
  const positions = await tables.places.positions(waiting.map((job) => job.id))
  const capacity = await tables.workers.capacity(liveSeconds(settings))
  const { tries } = await tables.outbox.backlog()
  return jobs.map((job) => jobView(job, placeOf(job, positions.get(job.id), { ...capacity, queueDown: tries > 0 })))
}

export interface Situation extends Capacity {
  /** The queue refused what it was given last. */
  readonly queueDown: boolean
}

function placeOf(job: JobRow, position: number | undefined, situation: Situation): JobQueuePlace | null {
  // a job that was dispatched between two looks has no position any more
  if (job.state === 'queued') {
    const reason = whyQueued(position ?? 1, parseNeeds(job.needs), situation)
    return { position: position ?? 1, reason }
  }
  return job.state === 'dispatched' ? { position: null, reason: whyDispatched(job.workerId, situation) } : null
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
