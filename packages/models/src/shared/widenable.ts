// Networks of one family at several widths that share their first layers: what a network with branches is made of.
import type { Architecture, Signature } from '@stillhouse/engine'

/** Which channel counts are multiplied: those behind stage `after`. The stem is stage 0 and the head behind every stage. */
export interface Widening {
  readonly factor: number
  readonly after: number
}

export const AS_IT_IS: Widening = { factor: 1, after: 0 }

/** Stage of whatever comes behind the last stage. */
export const HEAD = Number.POSITIVE_INFINITY

export interface Widenable {
  /**
   * The family's network with the channel counts behind one stage multiplied and rounded down. Up to that stage it is the
   * same for every factor; and with factor 1 it is `architecture`.
   */
  widened(params: unknown, signature: Signature, widening: Widening): Architecture
}

/** Channels of a layer of stage `stage` that has `channels` at its own width; at least one. */
export function widen(channels: number, stage: number, { factor, after }: Widening): number {
  // what is whole in decimals shall not fall below it in binary: 100 · 0.57
  return stage > after ? Math.max(1, Math.floor(channels * factor + 1e-9)) : channels
}

/** Taps `stage1`… with the layer that `layerOf` names for each. */
export function stageTaps(stages: number, layerOf: (stage: number) => string, suffix = ''): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: stages }, (_, i) => [`stage${i + 1}${suffix}`, layerOf(i + 1)] as const),
  )
}
