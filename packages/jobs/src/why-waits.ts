// Why a job waits, in words, and when it will start.
import { CPU_SLOT_WEIGHT, type JobRow, type Room } from '@stillhouse/db'
import { describeNeeds, type JobQueuePlace, meetsNeeds, parseNeeds, type WorkerNeeds } from '@stillhouse/spec'
import type { Overview } from './look-around.ts'
import { startsIn } from './schedule/forecast.ts'
import type { TeamLine } from './schedule/position.ts'
import { freeSlots, hasGpu, secondsLeft } from './schedule/seats.ts'

type Why = Pick<JobQueuePlace, 'kind' | 'reason'>

/** A job on its way to a worker. */
export function whyDispatched(workerId: string | null, { workers, queueDown }: Overview): Why {
  const worker = workers.find(({ id }) => id === workerId)
  const gone = 'the worker that should take it is gone; another one is looked for'
  if (queueDown) return { kind: 'hand-over', reason: 'the queue does not answer; the hand-over is tried again' }
  return { kind: 'hand-over', reason: worker ? `waiting for worker ${worker.name} to take it` : gone }
}

/** A job that failed and is tried again later. */
export function whyLater({ failures }: Pick<JobRow, 'failures'>, seconds: number): Why {
  return {
    kind: 'back-off',
    reason: `after ${counted(failures, 'failure')} it is tried again in ${Math.ceil(seconds)} s`,
  }
}

/** A job that a quota of its team holds back; undefined when none does. */
export function whyHeldBack(
  { standing, allowance, heldBack }: TeamLine,
  needs: string,
  ownAhead: number,
): Why | undefined {
  const { name, maxRunning, active, maxGpus, gpus, maxGpuHours, gpuHours } = standing
  const others = ownAhead > 0 ? `; ${counted(ownAhead, 'job')} of the team ${isOrAre(ownAhead)} ahead` : ''
  if (heldBack.includes(needs)) {
    const spent = maxGpuHours !== null && gpuHours >= maxGpuHours
    const reason = spent
      ? `the team ${name} may use ${maxGpuHours} GPU-hours a month and has used ${gpuHours.toFixed(1)}`
      : `the team ${name} may hold ${counted(maxGpus ?? 0, 'GPU')} at a time and holds ${gpus}`
    return { kind: 'quota', reason: reason + others }
  }
  if (maxRunning === null || ownAhead < allowance.running) return undefined
  return {
    kind: 'quota',
    reason: `the team ${name} may run ${counted(maxRunning, 'job')} at a time and runs ${active}${others}`,
  }
}

export interface InLine {
  readonly needs: string
  readonly position: number
  readonly ownAhead: number
}

/** A job whose turn has not come. */
export function whyInLine({ needs, position, ownAhead }: InLine, { workers, draining }: Overview): Why {
  const ahead = position - 1
  const asked = parseNeeds(needs)
  const fitting = workers.filter((room) => meetsNeeds(asked, room))
  if (fitting.length === 0)
    return { kind: 'worker', reason: whyNoWorker(asked, { workers, draining }) + aheadText(ahead) }
  const free = total(fitting, (room) => (hasMemory(asked, room) ? freeSlots(room) : 0))
  if (ahead < free) return { kind: 'next', reason: 'a slot is free; the job is about to be handed over' }
  const whose = describeNeeds(asked) === '' ? '' : ` with ${describeNeeds(asked)}`
  if (free > 0) return { kind: 'reserved', reason: `the free slots${whose} are for jobs ahead${aheadText(ahead)}` }
  const slots = total(fitting, (room) => room.slots)
  const full = slots === 1 ? `the only slot${whose} is busy` : `all ${slots} slots${whose} are busy`
  const others = ahead - ownAhead
  if (others === 0) return { kind: 'busy', reason: full + aheadText(ahead) }
  return { kind: 'share', reason: `${full}${aheadText(ahead)}, ${others} of them of teams that are due first` }
}

/** A job that stands in no line, since no connected worker could take it. */
export function whyUnmet(needs: string, overview: Pick<Overview, 'workers' | 'draining'>): Why {
  return { kind: 'worker', reason: whyNoWorker(parseNeeds(needs), overview) }
}

function whyNoWorker(asked: WorkerNeeds, { workers, draining }: Pick<Overview, 'workers' | 'draining'>): string {
  if (workers.length === 0 && draining > 0)
    return `no worker takes jobs: ${counted(draining, 'worker')} ${isOrAre(draining)} draining or cordoned`
  const words = describeNeeds(asked)
  return words === '' ? 'no worker is connected' : `it asks for ${words} and no connected worker has that`
}

/** Seconds until it starts; null when no fitting worker is there, or nothing was measured yet. */
export function expectedIn({ needs, position }: InLine, { workers, held, charge, measured }: Overview): number | null {
  const asked = parseNeeds(needs)
  const fitting = workers.filter((room) => meetsNeeds(asked, room))
  const jobSeconds = charge / (fitting.some(hasGpu) ? 1 : CPU_SLOT_WEIGHT)
  const left = fitting.flatMap((room) => {
    const busy = held.filter(({ workerId }) => workerId === room.id)
    return [
      ...busy.map((job) => secondsLeft(job) ?? jobSeconds / 2),
      ...Array.from({ length: freeSlots(room) }, () => 0),
    ]
  })
  const ahead = position - 1
  if (!measured && ahead >= left.filter((seconds) => seconds === 0).length) return null
  return startsIn({ slots: left, ahead, jobSeconds })
}

function hasMemory({ memoryGb }: WorkerNeeds, room: Room): boolean {
  return room.memoryGb === null || memoryGb <= room.memoryGb - room.memoryHeldGb
}

function aheadText(ahead: number): string {
  return ahead > 0 ? `; ${counted(ahead, 'job')} ${isOrAre(ahead)} ahead` : ''
}

function isOrAre(count: number): string {
  return count === 1 ? 'is' : 'are'
}

function total(rooms: readonly Room[], count: (room: Room) => number): number {
  return rooms.reduce((sum, room) => sum + count(room), 0)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
