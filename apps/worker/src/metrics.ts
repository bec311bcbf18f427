// What this worker measures about itself. Kept whether or not anybody may read it: counting costs next to nothing.
import type { FailureCode, JobProgress, Outcome } from '@stillhouse/spec'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface WorkerMetrics {
  readonly registry: Registry
  /** How many slots there are, and how many have a job. */
  observeSlots(total: number, busy: () => number): void
  heartbeat(heard: boolean): void
  trainerStarted(): void
  /** `exit`, a signal, or what killed it. */
  trainerEnded(cause: string): void
  uploaded(bytes: number): void
  attemptEnded(outcome: Outcome | 'abandoned'): void
  eventLoopLag(seconds: number): void
  /** Asks at each scrape how much waits to be reported; @returns stops asking */
  watchBacklog(waiting: () => number): () => void
  /** @returns takes the progress that a trainer tells, one after another */
  watchSteps(): (progress: Pick<JobProgress, 'stage' | 'step'>) => void
}

export function createWorkerMetrics(now: () => number = () => performance.now()): WorkerMetrics {
  const registry = new Registry()
  const registers = [registry]
  const name = (rest: string): string => `stillhouse_worker_${rest}`
  const counter = (rest: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: name(rest), help, labelNames, registers })
  const backlogs = new Set<() => number>()
  let busy = (): number => 0
  collectDefaultMetrics({ register: registry })

  const slots = new Gauge({ name: name('own_slots'), help: 'Jobs that this worker can run at a time', registers })
  new Gauge({
    name: name('own_slots_busy'),
    help: 'Jobs that this worker runs',
    registers,
    collect() {
      this.set(busy())
    },
  })
  new Gauge({
    name: name('reports_pending'),
    help: 'Metric points, log lines and events of running attempts that the API has not acknowledged',
    registers,
    collect() {
      this.set([...backlogs].reduce((sum, waiting) => sum + waiting(), 0))
    },
  })
  const lag = new Gauge({
    name: name('event_loop_lag_max_seconds'),
    help: 'Longest delay of the event loop in the last ten seconds; leases are renewed by it',
    registers,
  })
  const heartbeats = counter('heartbeats_total', 'Heartbeats by result: heard or failed', ['result'])
  const starts = counter('trainer_starts_total', 'Trainer processes started, also those that wait for a job')
  const exits = counter(
    'trainer_exits_total',
    'Trainer processes that ended, by exit code, signal or what killed them',
    ['cause'],
  )
  const bytes = counter('upload_bytes_total', 'Bytes of files sent to the artifact store')
  const attempts = counter('attempts_total', 'Attempts that ended on this worker, by outcome and failure code', [
    'outcome',
    'code',
  ])
  const steps = new Histogram({
    name: name('step_seconds'),
    help: 'Time of a training step, mean between two reports of a trainer',
    labelNames: ['stage'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })

  return {
    registry,
    observeSlots: (total, busyNow) => {
      slots.set(total)
      busy = busyNow
    },
    heartbeat: (heard) => heartbeats.inc({ result: heard ? 'heard' : 'failed' }),
    trainerStarted: () => starts.inc(),
    trainerEnded: (cause) => exits.inc({ cause }),
    uploaded: (size) => bytes.inc(size),
    attemptEnded: (outcome) => attempts.inc(labelsOf(outcome)),
    eventLoopLag: (seconds) => lag.set(seconds),
    watchBacklog: (waiting) => {
      backlogs.add(waiting)
      return () => backlogs.delete(waiting)
    },
    watchSteps: () => {
      let last: { stage: string; step: number; at: number } | null = null
      return ({ stage, step }) => {
        const at = now()
        const done = last?.stage === stage ? step - last.step : 0
        if (last && done > 0) steps.observe({ stage: kindOf(stage) }, (at - last.at) / 1000 / done)
        last = { stage, step, at }
      }
    },
  }
}

/** Methods name their stages as they like; a label may take few values only. */
function kindOf(stage: string): 'teacher' | 'baseline' | 'train' {
  return stage === 'teacher' || stage === 'baseline' ? stage : 'train'
}

function labelsOf(outcome: Outcome | 'abandoned'): { outcome: string; code: FailureCode | '' } {
  if (outcome === 'abandoned') return { outcome, code: '' }
  return { outcome: outcome.outcome, code: outcome.outcome === 'failed' ? outcome.code : '' }
}
