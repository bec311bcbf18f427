// Data sets whose values are bytes: kept as bytes (a quarter of the memory), scaled when a batch is read.
import { createHash } from 'node:crypto'
import type { Dataset, Signature, Split, SplitName } from '@stillhouse/engine'

export interface ByteSamples {
  /** One sample after another. */
  readonly values: Uint8Array
  /** Class of each sample. */
  readonly labels: Uint8Array
}

export interface ByteDataset {
  readonly signature: Signature
  /** The value that becomes 1; 0 stays 0. */
  readonly full: number
  readonly splits: Readonly<Record<SplitName, ByteSamples>>
}

/** The set with values in [0, 1]; its digest covers what is read, not where it was read from. */
export function byteDataset({ signature, full, splits }: ByteDataset): Dataset {
  const length = signature.inputShape.reduce((product, size) => product * size, 1)
  const hash = createHash('sha256').update(JSON.stringify({ signature, full }))
  for (const { values, labels } of [splits.train, splits.test])
    hash.update(`${labels.length},${values.length};`).update(labels).update(values)
  const scale = Float32Array.from({ length: 256 }, (_, value) => value / full)
  return {
    signature,
    digest: hash.digest('hex'),
    splits: { train: split(splits.train, length, scale), test: split(splits.test, length, scale) },
  }
}

function split({ values, labels }: ByteSamples, length: number, scale: Float32Array): Split {
  const size = labels.length
  return {
    size,
    labels: Int32Array.from(labels),
    read(indices, into) {
      if (into.length < indices.length * length)
        throw new RangeError(`room for ${indices.length * length} values expected, received ${into.length}`)
      let to = 0
      for (const index of indices) {
        if (index < 0 || index >= size) throw new RangeError(`sample 0 to ${size - 1} expected, received ${index}`)
        const from = index * length
        // a table and plain loops: this runs for every pixel of every batch
        for (let i = from; i < from + length; i++) into[to++] = scale[values[i] as number] as number
      }
    },
  }
}
