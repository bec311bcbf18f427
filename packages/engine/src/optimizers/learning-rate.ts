// Learning-rate schedules as pure functions of the epoch: nothing to save, nothing to restore.
import type { ScheduleSpec } from '@stillhouse/spec'

/**
 * Share of the full learning rate at `epoch`, 0..1.
 * @param epoch epochs done, as a fraction, 0 ≤ epoch ≤ epochs @param epochs length of the whole training
 */
export function learningRateShare(schedule: ScheduleSpec, epoch: number, epochs: number): number {
  const warmup = schedule.warmupEpochs ?? 0
  const ramp = epoch < warmup ? epoch / warmup : 1
  return ramp * decay(schedule, epoch, { start: warmup, end: epochs })
}

function decay(schedule: ScheduleSpec, epoch: number, { start, end }: { start: number; end: number }): number {
  if (schedule.name === 'constant') return 1
  if (schedule.name === 'step') {
    const drops = (schedule.milestones ?? []).filter((milestone) => epoch >= milestone).length
    return (schedule.factor ?? 0.1) ** drops
  }
  if (schedule.name === 'ramp') return rampUp(epoch / (schedule.rampEpochs ?? 1))
  const done = end > start ? Math.min(1, Math.max(0, (epoch - start) / (end - start))) : 0
  const floor = schedule.floor ?? 0
  const left = schedule.name === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2
  return floor + (1 - floor) * left
}

/** exp(−5 (1 − x)²) up to x = 1, then 1 (Laine & Aila 2017). */
function rampUp(done: number): number {
  return Math.exp(-5 * (1 - Math.min(1, done)) ** 2)
}
