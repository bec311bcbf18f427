// The whole queue on the wire: who is due, who uses what, and what each waiting job waits for.
import { type Static, Type } from 'typebox'
import { JobQueuePlace, Uuid } from './wire.ts'

const strict = { additionalProperties: false } as const
const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Fraction = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })

export const QueueTeam = Type.Object(
  {
    team: Type.String(),
    weight: Type.Number(),
    share: Fraction('what it is due of the machines, by weight, among the teams that have jobs'),
    used: Fraction('what it used of them lately, among the same teams; use counts half after a day'),
    running: Count('jobs that run or were handed to a worker'),
    gpus: Count('GPUs that they hold'),
    inLine: Count('jobs that wait for their turn'),
    heldBack: Count('jobs that a quota holds back, whatever is free'),
    backOff: Count('jobs that failed and are tried again later'),
    blocked: Count('jobs that wait for other jobs'),
  },
  strict,
)
export type QueueTeam = Static<typeof QueueTeam>

export const QueuedJob = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    team: Type.String(),
    priority: Type.Integer(),
    queuedAt: Type.String({ format: 'date-time' }),
    place: JobQueuePlace,
  },
  strict,
)
export type QueuedJob = Static<typeof QueuedJob>

export const QueueView = Type.Object(
  {
    workers: Count('workers that take jobs'),
    leaving: Count('workers that are draining or cordoned'),
    slots: Count('jobs that they run at a time'),
    busy: Count('slots that are taken'),
    inLine: Count('jobs of all teams that wait for their turn'),
    teams: Type.Array(QueueTeam, { description: 'those with jobs; for a key of a team its own only' }),
    jobs: Type.Array(QueuedJob, { description: 'the first in line; for a key of a team its own only' }),
  },
  { ...strict, $id: 'QueueView' },
)
export type QueueView = Static<typeof QueueView>
