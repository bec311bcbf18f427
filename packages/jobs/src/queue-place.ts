// Where a waiting job stands and why it waits, in words.
import type { Capacity, JobRow, QueuePlace, Tables, TeamLimit } from '@stillhouse/db'
import type { Job, JobQueuePlace } from '@stillhouse/spec'
import { type JobSettings, liveSeconds } from './job-context.ts'
import { jobView } from './job-view.ts'

/** The jobs as callers see them, with their places in the queue. */
export async function withPlaces(tables: Tables, jobs: readonly JobRow[], settings: JobSettings): Promise<Job[]> {
  const waiting = jobs.filter((job) => job.state === 'queued' || job.state === 'dispatched')
  if (waiting.length === 0) return jobs.map((job) => jobView(job, null))
  const limits = await tables.teams.limits()
  const ids = waiting.flatMap((job) => (job.state === 'queued' ? [job.id] : []))
  const places = await tables.places.places(ids, limits)
  const capacity = await tables.workers.capacity(liveSeconds(settings))
  const { tries } = await tables.outbox.backlog()
  const situation = { ...capacity, queueDown: tries > 0 }
  const limitOf = new Map(limits.map((limit) => [limit.teamId, limit]))
  return jobs.map((job) =>
    jobView(job, placeOf(job, situation, { place: places.get(job.id), limit: limitOf.get(job.teamId) })),
  )
}

const NO_GPU = 'it asks for a GPU and no connected worker has one'

export interface Situation extends Capacity {
  /** The queue refused what it was given last. */
  readonly queueDown: boolean
}

interface Found {
  readonly place: QueuePlace | undefined
  readonly limit: TeamLimit | undefined
}

function placeOf(job: JobRow, situation: Situation, { place, limit }: Found): JobQueuePlace | null {
  if (job.state === 'dispatched') return { position: null, reason: whyDispatched(situation) }
  if (job.state !== 'queued') return null
  if (place?.position === null && limit) return { position: null, reason: whyHeldBack(limit, place.ownAhead) }
  // a job that was dispatched between two looks has no position any more
  const position = place?.position ?? 1
  const lacksGpu = job.spec.resources.gpus > 0 && !situation.gpu
  return { position, reason: lacksGpu ? NO_GPU : whyQueued(position, situation) }
}

/** The words for a job that waits for jobs of its own team. */
export function whyHeldBack({ name, maxRunning, active }: Omit<TeamLimit, 'teamId'>, ownAhead: number): string {
  const others = ownAhead > 0 ? `; ${counted(ownAhead, 'job')} of the team ${ownAhead === 1 ? 'is' : 'are'} ahead` : ''
  return `the team ${name} may run ${counted(maxRunning, 'job')} at a time and runs ${active}${others}`
}

export function whyQueued(position: number, { workers, draining, slots, busy, dispatched }: Situation): string {
  const ahead = position - 1
  const others = ahead > 0 ? `; ${counted(ahead, 'job')} ${ahead === 1 ? 'is' : 'are'} ahead` : ''
  if (workers.length === 0)
    return draining > 0
      ? `no worker takes jobs: ${counted(draining, 'worker')} ${draining === 1 ? 'is' : 'are'} draining${others}`
      : `no worker is connected${others}`
  if (position <= slots - busy - dispatched) return 'a slot is free; the job is about to be handed over'
  return `${slots === 1 ? 'the only slot is' : `all ${slots} slots are`} busy${others}`
}

export function whyDispatched({ workers, queueDown }: Situation): string {
  if (queueDown) return 'the queue does not answer; the hand-over is tried again'
  const [only] = workers
  if (only === undefined) return 'waiting for a worker to take it; none is connected'
  return workers.length === 1
    ? `waiting for worker ${only} to take it`
    : `waiting for one of ${workers.length} workers to take it`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
