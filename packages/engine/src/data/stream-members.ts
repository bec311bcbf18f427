// The samples that a stream draws from: those of its view, or of its part of it.
import { permutation } from '../random/permutation.ts'
import { randomKey } from '../random/random-key.ts'
import type { StreamPlan } from './batch-source.ts'

/** By place in the stream. */
export interface Members {
  /** Numbers of the samples in the split, ascending. */
  readonly index: Int32Array
  readonly labels: Int32Array
}

/** Parts of one view by one seed do not overlap, make up the view together, and differ by one sample in size at most. */
export function streamMembers({ view, part }: Pick<StreamPlan, 'view' | 'part'>, seed: number): Members {
  if (part === undefined) return { index: view.indices, labels: view.labels }
  const size = view.indices.length
  const cut = (index: number) => Math.floor((index * size) / part.of)
  const order = permutation(size, randomKey(seed, 'part', part.of))
  const places = order.slice(cut(part.index), cut(part.index + 1)).sort()
  return {
    index: places.map((place) => view.indices[place] as number),
    labels: places.map((place) => view.labels[place] as number),
  }
}
