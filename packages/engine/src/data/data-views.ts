// Which samples of a split a run uses: the whole of it, a balanced part, or what a validation hold-out leaves.
import type { DataSpec } from '@stillhouse/spec'
import type { Dataset, Split } from '../contracts/data-format.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { permutation } from '../random/permutation.ts'
import { randomKey } from '../random/random-key.ts'

export interface SampleView {
  readonly split: Split
  /** Numbers of the samples in the split, ascending. */
  readonly indices: Int32Array
}

export interface DataViews {
  readonly train: SampleView
  readonly test: SampleView
  /** Null without `data.validation`. */
  readonly validation: SampleView | null
}

/**
 * Hold-out first, then the limit, both drawn by `data.seed`.
 * @throws TrainingError `spec.rejected` when nothing is left to train on or to validate with
 */
export function dataViews(dataset: Dataset, spec: DataSpec): DataViews {
  const { train, test } = dataset.splits
  const order = permutation(train.size, randomKey(spec.seed, 'validation'))
  const heldOut = Math.round(train.size * (spec.validation ?? 0))
  const rest = order.slice(heldOut)
  const chosen = spec.limit === undefined || spec.limit >= rest.length ? rest : balanced(train, rest, spec)
  requireSamples('training', chosen.length, train.size)
  if (spec.validation !== undefined) requireSamples('validation', heldOut, train.size)
  return {
    train: { split: train, indices: chosen.toSorted() },
    test: { split: test, indices: Int32Array.from({ length: test.size }, (_, i) => i) },
    validation: spec.validation === undefined ? null : { split: train, indices: order.slice(0, heldOut).toSorted() },
  }
}

/** `limit` of the candidates with equal shares of the classes, as far as each class reaches. */
function balanced(split: Split, candidates: Int32Array, spec: DataSpec): Int32Array {
  const shuffled = permutation(candidates.length, randomKey(spec.seed, 'limit')).map((i) => candidates[i] as number)
  const byClass = new Map<number, number[]>()
  for (const index of shuffled) {
    const label = split.labels[index] as number
    const samples = byClass.get(label)
    if (samples === undefined) byClass.set(label, [index])
    else samples.push(index)
  }
  const classes = [...byClass.keys()].sort((a, b) => a - b).map((label) => byClass.get(label) as number[])
  const taken: number[] = []
  for (let round = 0; taken.length < (spec.limit ?? 0); round++) {
    for (const samples of classes) {
      const next = samples[round]
      if (next !== undefined && taken.length < (spec.limit ?? 0)) taken.push(next)
    }
  }
  return Int32Array.from(taken)
}

function requireSamples(what: string, count: number, size: number): void {
  if (count > 0) return
  throw new TrainingError(
    'spec.rejected',
    `No sample is left for ${what}: the training split has ${size}. Expected a data.validation and data.limit that leave at least one; received none.`,
  )
}
