// Wrong labels on purpose: how well a method stands them is what a job with `data.labelNoise` asks.
import { permutation } from '../random/permutation.ts'
import { randomKey } from '../random/random-key.ts'
import { randomStream } from '../random/random-stream.ts'

export interface NoisyLabels {
  readonly labels: Int32Array
  readonly classes: number
  /** Share of the labels that become another class, any other being as likely. */
  readonly share: number
  readonly seed: number
}

/** @returns a copy with exactly round(share × n) labels changed */
export function noisyLabels({ labels, classes, share, seed }: NoisyLabels): Int32Array {
  const changed = labels.slice()
  const places = permutation(labels.length, randomKey(seed, 'label noise'))
  const random = randomStream(randomKey(seed, 'noisy label'))
  for (const place of places.subarray(0, Math.round(share * labels.length)))
    changed[place] = ((labels[place] as number) + 1 + random.below(classes - 1)) % classes
  return changed
}
