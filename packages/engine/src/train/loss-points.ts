// The numbered metric points of a log step. Numbers and values are a function of the run alone, never of the clock.
import type { MetricPoint } from '@stillhouse/spec'
import { VALUE } from './run-updates.ts'
import type { TrainState } from './train-events.ts'

export interface LogPlace {
  readonly stage: string
  readonly step: number
  readonly epoch: number
  /** Learning rate by role. */
  readonly rates: ReadonlyMap<string, number>
}

/** Points for the loss, its parts and the learning rates; counts `state.metricSeq` up. */
export function lossPoints(state: TrainState, { stage, step, epoch, rates }: LogPlace): MetricPoint[] {
  const all = Object.entries(state.losses)
  const parts = all.filter(([name]) => !name.startsWith(VALUE))
  const values = all.filter(([name]) => name.startsWith(VALUE))
  const total = parts.reduce((sum, [, value]) => sum + value, 0)
  const byRole = [...rates].map(
    ([role, rate]) => [rates.size > 1 ? `learningRate.${role}` : 'learningRate', rate] as const,
  )
  const named = parts.map(([part, value]) => [`loss.${part}`, value] as const)
  const losses = parts.length === 0 ? [] : [['loss', total] as const, ...named]
  return numberPoints(state, { stage, step, epoch }, [...losses, ...values, ...byRole])
}

/** Numbers the points on. */
export function numberPoints(
  state: TrainState,
  place: Pick<MetricPoint, 'stage' | 'step' | 'epoch'>,
  values: readonly (readonly [string, number])[],
): MetricPoint[] {
  return values.map(([name, value]) => {
    state.metricSeq += 1
    return { seq: state.metricSeq, name, ...place, value }
  })
}
