// How things stand in the whole service, as the database tells it: every replica shows the same. Gauges that are set at
// each scrape; without an answer only `stillhouse_stats_up` says so, and nothing stale is shown.
import type { QueueStats } from '@stillhouse/jobs'
import { Gauge, type Registry } from 'prom-client'
import { boundKinds } from './bound-kinds.ts'

type Sample = readonly [labels: Record<string, string>, value: number]

interface Series {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  readonly read: (stats: QueueStats) => readonly Sample[]
}

const one =
  (read: (stats: QueueStats) => number) =>
  (stats: QueueStats): readonly Sample[] => [[{}, read(stats)]]

const SERIES: readonly Series[] = [
  {
    name: 'jobs',
    help: 'Jobs by state',
    labels: ['state'],
    read: ({ jobs }) => Object.entries(jobs).map(([state, count]) => [{ state }, count]),
  },
  {
    name: 'oldest_queued_seconds',
    help: 'Age of the job that has waited longest',
    read: one((s) => s.oldestQueuedSeconds),
  },
  {
    name: 'oldest_wait_seconds',
    help: 'Age of the job of each team that has waited longest',
    labels: ['team'],
    read: ({ oldestWaits }) => oldestWaits.map(({ team, seconds }) => [{ team }, seconds]),
  },
  {
    name: 'waiting_jobs',
    help: 'Jobs that wait, by team and reason',
    labels: ['team', 'reason'],
    read: ({ waiting }) => waiting.map(({ team, reason, jobs }) => [{ team, reason }, jobs]),
  },
  {
    name: 'waiting_jobs_by_needs',
    help: 'Queued jobs, by what they ask of a worker: "any", JSON of GPUs, their memory and labels, or "other"',
    labels: ['needs'],
    read: ({ waitingNeeds }) => boundKinds(waitingNeeds).map(({ needs, jobs }) => [{ needs }, jobs]),
  },
  { name: 'outbox_pending', help: 'Hand-overs to the queue not yet made', read: one((s) => s.outboxPending) },
  { name: 'outbox_oldest_seconds', help: 'Age of the oldest of them', read: one((s) => s.outboxOldestSeconds) },
  { name: 'webhook_pending', help: 'Messages that webhooks have not taken yet', read: one((s) => s.untold.pending) },
  { name: 'webhook_oldest_seconds', help: 'Age of the oldest of them', read: one((s) => s.untold.oldestSeconds) },
  { name: 'workers', help: 'Workers that report', read: one((s) => s.workers.active) },
  { name: 'worker_slots', help: 'Jobs that they can run at a time', read: one((s) => s.workers.slots) },
  { name: 'worker_slots_busy', help: 'Jobs that they run', read: one((s) => s.workers.busy) },
  {
    name: 'training_jobs',
    help: 'Jobs that run, by team',
    labels: ['team'],
    read: ({ training }) => training.map(({ team, jobs }) => [{ team }, jobs]),
  },
  {
    name: 'training_images_per_second',
    help: 'What they train together, as they reported last',
    labels: ['team'],
    read: ({ training }) => training.map(({ team, imagesPerSecond }) => [{ team }, imagesPerSecond]),
  },
  {
    name: 'training_step_seconds',
    help: 'Time of a training step, mean over the jobs of a team that report one',
    labels: ['team'],
    read: ({ training }) =>
      training.flatMap(({ team, stepSeconds }) => (stepSeconds === null ? [] : [[{ team }, stepSeconds] as const])),
  },
]

/** @returns shows the numbers, or (null) that they could not be had */
export function queueMetrics(registry: Registry): (stats: QueueStats | null) => void {
  const gauge = ({ name, help, labels = [] }: Omit<Series, 'read'>): Gauge =>
    new Gauge({
      name: `stillhouse_${name}`,
      help: `${help}; of the whole service`,
      labelNames: [...labels],
      registers: [registry],
    })
  const up = new Gauge({
    name: 'stillhouse_stats_up',
    help: '1 when the numbers of the whole service could be read by this replica',
    registers: [registry],
  })
  const shown = SERIES.map((series) => ({ gauge: gauge(series), ...series }))
  return (stats) => {
    up.set(stats === null ? 0 : 1)
    for (const series of shown) {
      // a gauge without labels that is reset shows 0, which would be a lie
      if (series.labels) series.gauge.reset()
      else series.gauge.remove()
      for (const [labels, value] of stats === null ? [] : series.read(stats)) series.gauge.set(labels, value)
    }
  }
}
