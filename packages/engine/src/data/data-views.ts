// Which samples of a split a run uses, under which labels and at which scale: the whole of it, a balanced or plain part,
// or what a validation hold-out leaves.
import type { DataSpec } from '@stillhouse/spec'
import type { Dataset, Split } from '../contracts/data-format.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { permutation } from '../random/permutation.ts'
import { randomKey } from '../random/random-key.ts'
import { channelStatistics, normaliseFaults } from './channel-statistics.ts'
import { noisyLabels } from './noisy-labels.ts'
import type { ChannelStatistics } from './read-samples.ts'
import { sharedIntegers } from './shared-memory.ts'

/** Plain data: a loader thread is given it as it is. */
export interface SampleView {
  readonly split: Split
  /** Numbers of the samples in the split, ascending; a sample's position here is its place. */
  readonly indices: Int32Array
  /** Class of each sample by its place: the split's, but for the label noise that the job asks for. */
  readonly labels: Int32Array
  /** Statistics of the training samples, or those of the spec; null: values as the format gives them. */
  readonly normalise: ChannelStatistics | null
}

export interface DataViews {
  readonly train: SampleView
  readonly test: SampleView
  /** Null without `data.validation`. */
  readonly validation: SampleView | null
}

/**
 * Hold-out first, then the limit, then label noise on what is left, all drawn by `data.seed`. All views are normalised by
 * the same statistics: those of the training samples.
 * @throws TrainingError `spec.rejected` when nothing is left to train on or to validate with, or the data cannot be
 * normalised or mislabelled as asked
 */
export function dataViews(dataset: Dataset, spec: DataSpec): DataViews {
  const { train, test } = dataset.splits
  if (dataset.signature.trainLabels === false) requireNoLabelsAsked(spec)
  const order = permutation(train.size, randomKey(spec.seed, 'validation'))
  const heldOut = Math.round(train.size * (spec.validation ?? 0))
  const rest = order.slice(heldOut)
  const chosen = (spec.limit === undefined || spec.limit >= rest.length ? rest : limited(train, rest, spec)).sort()
  requireSamples('training', chosen.length, train.size)
  if (spec.validation !== undefined) requireSamples('validation', heldOut, train.size)
  const normalise = statisticsOf(dataset, chosen, spec)
  const view = (split: Split, indices: Int32Array, labels = labelsOf(split, indices)): SampleView => ({
    split,
    indices: shared(indices),
    labels: shared(labels),
    normalise,
  })
  return {
    train: view(train, chosen, trainingLabels(dataset, chosen, spec)),
    test: view(
      test,
      Int32Array.from({ length: test.size }, (_, i) => i),
    ),
    validation: spec.validation === undefined ? null : view(train, order.slice(0, heldOut).sort()),
  }
}

/** Whatever would take `UNLABELLED` for a class. */
function requireNoLabelsAsked({ validation, labelNoise, limit, balanced }: DataSpec): void {
  const asked = { validation, labelNoise, 'balanced with data.limit': limit !== undefined && balanced }
  const [field] = Object.entries(asked).find(([, value]) => value !== undefined && value !== false) ?? []
  if (field === undefined) return
  throw new TrainingError(
    'spec.rejected',
    `data.${field} reads labels. Expected training samples with labels; received a data set without them.`,
  )
}

function shared(values: Int32Array): Int32Array {
  const copy = sharedIntegers(values.length)
  copy.set(values)
  return copy
}

function labelsOf({ labels }: Split, indices: Int32Array): Int32Array {
  return indices.map((index) => labels[index] as number)
}

function trainingLabels({ splits, signature }: Dataset, indices: Int32Array, spec: DataSpec): Int32Array {
  const labels = labelsOf(splits.train, indices)
  const { labelNoise: share, seed } = spec
  if (share === undefined) return labels
  if (signature.classes < 2)
    throw new TrainingError(
      'spec.rejected',
      'data.labelNoise needs another class to change a label to. Expected data of at least 2 classes; received 1.',
    )
  return noisyLabels({ labels, classes: signature.classes, share, seed })
}

function statisticsOf({ splits, signature }: Dataset, indices: Int32Array, spec: DataSpec): ChannelStatistics | null {
  const { normalise } = spec
  if (normalise === undefined) return null
  const channels = signature.inputShape.at(-1) ?? 1
  if (normalise === 'standard') return channelStatistics({ split: splits.train, indices, channels })
  const [fault] = normaliseFaults(spec, signature)
  if (fault !== undefined)
    throw new TrainingError(
      'spec.rejected',
      `data${fault.path.replaceAll('/', '.')}: ${fault.message}. Expected ${fault.expected}; received ${fault.received}.`,
    )
  return { mean: perChannel(normalise.mean, channels), std: perChannel(normalise.std, channels) }
}

/** One number stands for every channel. */
function perChannel(values: readonly number[], channels: number): readonly number[] {
  return values.length === channels ? values : Array.from({ length: channels }, () => values[0] as number)
}

/** `limit` of the candidates: equal shares of the classes, as far as each class reaches, or any. */
function limited(split: Split, candidates: Int32Array, spec: DataSpec): Int32Array {
  const shuffled = permutation(candidates.length, randomKey(spec.seed, 'limit')).map((i) => candidates[i] as number)
  return spec.balanced ? balanced(split, shuffled, spec.limit ?? 0) : shuffled.slice(0, spec.limit)
}

function balanced(split: Split, shuffled: Int32Array, limit: number): Int32Array {
  const byClass = new Map<number, number[]>()
  for (const index of shuffled) {
    const label = split.labels[index] as number
    const samples = byClass.get(label)
    if (samples === undefined) byClass.set(label, [index])
    else samples.push(index)
  }
  const classes = [...byClass.keys()].sort((a, b) => a - b).map((label) => byClass.get(label) as number[])
  const taken: number[] = []
  for (let round = 0; taken.length < limit; round++) {
    for (const samples of classes) {
      const next = samples[round]
      if (next !== undefined && taken.length < limit) taken.push(next)
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
