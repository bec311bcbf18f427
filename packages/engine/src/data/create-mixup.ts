// mixup (Zhang et al. 2018): the samples of a batch and their labels mixed in pairs.
import { drawBeta } from '../random/draw-beta.ts'
import { permutation } from '../random/permutation.ts'
import { randomStream } from '../random/random-stream.ts'
import type { HostBatch } from './batch-source.ts'
import { type StreamIdentity, streamKey } from './stream-key.ts'

export interface CreateMixup {
  readonly alpha: number
  readonly classes: number
  readonly stream: StreamIdentity
}

/** Mixes all views of the batch and fills `mixed`; `y` stays. */
export type Mixup = (step: number, batch: HostBatch) => void

/** One λ ~ Beta(alpha, alpha) and one pairing per batch, the same for all its views; both functions of (seed, step). */
export function createMixup({ alpha, classes, stream }: CreateMixup): Mixup {
  let source = new Float32Array()
  return (step, { views, y, mixed }) => {
    const lambda = drawBeta(alpha, randomStream(streamKey(stream, 'mixup', step)))
    const partner = permutation(y.length, streamKey(stream, 'mixup pairs', step))
    for (const values of views) {
      if (source.length !== values.length) source = new Float32Array(values.length)
      source.set(values)
      mixRows(values, source, { partner, lambda })
    }
    mixLabels(mixed as Float32Array, y, { partner, lambda, classes })
  }
}

interface Mixing {
  readonly partner: Int32Array
  readonly lambda: number
}

function mixRows(values: Float32Array, source: Float32Array, { partner, lambda }: Mixing): void {
  const length = values.length / partner.length
  for (let i = 0; i < partner.length; i++) {
    const [at, other] = [i * length, (partner[i] as number) * length]
    for (let k = 0; k < length; k++)
      values[at + k] = lambda * (source[at + k] as number) + (1 - lambda) * (source[other + k] as number)
  }
}

function mixLabels(
  mixed: Float32Array,
  y: Int32Array,
  { partner, lambda, classes }: Mixing & { classes: number },
): void {
  mixed.fill(0)
  for (let i = 0; i < y.length; i++) {
    mixed[i * classes + (y[i] as number)] = lambda
    const other = i * classes + (y[partner[i] as number] as number)
    mixed[other] = (mixed[other] as number) + (1 - lambda)
  }
}
