// The background work of this replica: handing out jobs, carrying the outbox to the queue, mending. Only the leader does
// any, so what others show stands still.
import { BACKGROUND_LOOPS, type BackgroundStats } from '@stillhouse/jobs'
import { Counter, Gauge, type Registry } from 'prom-client'

export function backgroundMetrics(registry: Registry): (stats: BackgroundStats) => void {
  const own = (help: string): string => `${help}; of this replica`
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `stillhouse_${name}`, help: own(help), labelNames, registers: [registry] })
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `stillhouse_${name}`, help: own(help), labelNames, registers: [registry] })
  const leader = gauge('leader', '1 on the replica that does the background work')
  const idle = gauge('background_idle_seconds', 'Time since the last round that went well, while leading', ['loop'])
  const last = gauge('background_round_seconds', 'How long the last round took', ['loop'])
  const rounds = counter('background_rounds_total', 'Rounds of dispatch, relay and sweep', ['loop'])
  const failures = counter('background_failures_total', 'Rounds that failed', ['loop'])
  const handedOut = counter('dispatched_total', 'Jobs given to a worker')
  const relayed = counter('outbox_relayed_total', 'Hand-overs and removals that the queue took')
  const mended = counter('mended_total', 'What the sweeper put right, by kind', ['kind'])
  return (stats) => {
    leader.set(stats.leading ? 1 : 0)
    for (const each of [idle, last, rounds, failures, handedOut, relayed, mended]) each.reset()
    for (const loop of BACKGROUND_LOOPS) {
      const one = stats.loops[loop]
      rounds.inc({ loop }, one.rounds)
      failures.inc({ loop }, one.failures)
      if (one.lastSeconds !== null) last.set({ loop }, one.lastSeconds)
      if (stats.leading && one.idleSeconds !== null) idle.set({ loop }, one.idleSeconds)
    }
    handedOut.inc(stats.handedOut)
    relayed.inc(stats.relayed)
    for (const [kind, count] of Object.entries(stats.mended)) mended.inc({ kind }, count)
  }
}
