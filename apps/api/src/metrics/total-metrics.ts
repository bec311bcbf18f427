// What happens in the whole service, as the database tells it. Every replica sees the same increase, so these counters
// are to be looked at with max over the replicas, never summed.
import { type ServiceTotals, WAIT_BOUNDS } from '@stillhouse/jobs'
import { Counter, type Metric, type Registry } from 'prom-client'

const SAME = 'of the whole service: every replica shows the same increase'

/** @returns shows the totals, or (null) none while they are not known */
export function totalMetrics(registry: Registry): (totals: ServiceTotals | null) => void {
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `stillhouse_${name}`, help: `${help}; ${SAME}`, labelNames, registers: [registry] })
  const labels = ['team', 'ending', 'class', 'code']
  const attempts = counter('attempts_total', 'Attempts that ended, by ending, failure class and failure code', labels)
  const slots = counter('slot_seconds_total', 'Seconds that attempts had a slot, running ones included', ['team'])
  const gpus = counter('gpu_seconds_total', 'Seconds that attempts had a GPU, times the GPUs', ['team'])
  const showWaits = waitHistogram(registry)
  return (totals) => {
    for (const each of [attempts, slots, gpus]) each.reset()
    for (const { team, ending, failureClass, code, attempts: count } of totals?.attempts ?? [])
      attempts.inc({ team, ending, class: failureClass ?? '', code: code ?? '' }, count)
    for (const { team, slotSeconds, gpuSeconds } of totals?.usage ?? []) {
      slots.inc({ team }, slotSeconds)
      gpus.inc({ team }, gpuSeconds)
    }
    showWaits(totals?.waits ?? [])
  }
}

interface Value {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A histogram whose counts come from elsewhere: the library's own can only observe one value after another. */
function waitHistogram(registry: Registry): (waits: ServiceTotals['waits']) => void {
  const name = 'stillhouse_queue_wait_seconds'
  const help = `How long attempts waited in the queue until they were handed out, or started; ${SAME}`
  let values: readonly Value[] = []
  const metric = {
    name,
    help,
    type: 'histogram',
    labelNames: ['team', 'until'],
    get: async () => ({ name, help, type: 'histogram', values }),
  }
  registry.registerMetric(metric as unknown as Metric)
  return (waits) => {
    values = waits.flatMap(({ team, until, counts, seconds }) => {
      let sum = 0
      const buckets = counts.map((count, index) => {
        sum += count
        return {
          metricName: `${name}_bucket`,
          labels: { team, until, le: String(WAIT_BOUNDS[index] ?? '+Inf') },
          value: sum,
        }
      })
      const labels = { team, until }
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: seconds },
        { metricName: `${name}_count`, labels, value: sum },
      ]
    })
  }
}
