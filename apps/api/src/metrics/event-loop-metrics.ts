// The event loop of this replica. Training must never run in this process; a loop that blocks means that something does.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'

const LOOP_CHECK_MS = 1000

export function observeEventLoop(app: FastifyInstance, registry: Registry, alarmMs: number): void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  const lag = new Gauge({
    name: 'stillhouse_event_loop_lag_max_seconds',
    help: 'Longest delay of the event loop in the last second; of this replica',
    registers: [registry],
  })
  const alarms = new Counter({
    name: 'stillhouse_event_loop_alarms_total',
    help: 'How often the event loop was blocked for longer than the alarm limit; of this replica',
    registers: [registry],
  })
  delay.enable()
  const timer = setInterval(() => {
    const maxMs = delay.max / 1e6
    delay.reset()
    lag.set(maxMs / 1000)
    if (maxMs < alarmMs) return
    alarms.inc()
    app.log.warn({ maxMs: Math.round(maxMs), alarmMs }, 'the event loop was blocked')
  }, LOOP_CHECK_MS)
  timer.unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    delay.disable()
  })
}
