// A data set from its arrays, however they were read: kept in shared memory, so that loader threads need no copy, and
// with a digest of what was read and not of where it was read from.
import { createHash } from 'node:crypto'
import { type Dataset, type Signature, type Split, type SplitName, sharedIntegers } from '@stillhouse/engine'

export interface Samples {
  /** One sample after another, over shared memory. */
  readonly values: Uint8Array | Float32Array
  /** Class of each sample. */
  readonly labels: ArrayLike<number> & Iterable<number>
}

export interface ArrayDataset {
  readonly signature: Signature
  /** What a stored value is multiplied by. */
  readonly scale: number
  readonly splits: Readonly<Record<SplitName, Samples>>
}

/** The set; equal digests mean equal samples, stored alike, in equal order. */
export function arrayDataset({ signature, scale, splits }: ArrayDataset): Dataset {
  const { train, test } = { train: split(splits.train, scale), test: split(splits.test, scale) }
  const { inputShape, classes } = signature
  const hash = createHash('sha256').update(JSON.stringify({ inputShape, classes, scale }))
  for (const { values, labels } of [train, test])
    hash.update(`${labels.length},${values.length},${values.BYTES_PER_ELEMENT};`).update(labels).update(values)
  return { signature, digest: hash.digest('hex'), splits: { train, test } }
}

function split(samples: Samples, scale: number): Split {
  const labels = sharedIntegers(samples.labels.length)
  labels.set(samples.labels)
  return { size: labels.length, labels, values: samples.values, scale }
}
