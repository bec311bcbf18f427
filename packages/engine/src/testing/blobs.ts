// A data set for tests: small images, one blurred spot per class plus noise, as hard as `spread` says. Every sample is a
// function of its number, and reads are counted so that a test can stop a run at a chosen step.
import type { Dataset, Split } from '../contracts/data-format.ts'
import { randomKey } from '../random/random-key.ts'
import { randomStream } from '../random/random-stream.ts'

export interface Blobs {
  readonly train?: number
  readonly test?: number
  readonly inputShape?: readonly number[]
  readonly classes?: number
  readonly spread?: number
  /** Called before each read of training samples. */
  readonly onRead?: () => void
}

export function blobs(options: Blobs = {}): Dataset {
  const { train = 120, test = 60, inputShape = [6, 6, 1], classes = 3, spread = 0.6, onRead } = options
  const make = (size: number, salt: string, read?: () => void) =>
    split({ size, salt, inputShape, classes, spread }, read)
  return {
    signature: { inputShape, classes },
    digest: `blobs-${train}-${test}-${inputShape.join('x')}-${classes}-${spread}`,
    splits: { train: make(train, 'train', onRead), test: make(test, 'test') },
  }
}

interface BlobSplit extends Required<Pick<Blobs, 'inputShape' | 'classes' | 'spread'>> {
  readonly size: number
  readonly salt: string
}

function split({ size, salt, inputShape, classes, spread }: BlobSplit, onRead?: () => void): Split {
  const width = inputShape.reduce((product, axis) => product * axis, 1)
  const labels = Int32Array.from({ length: size }, (_, i) => i % classes)
  const centres = Array.from({ length: classes }, (_, label) => normals(width, `centre ${label}`))
  const samples = Array.from(labels, (label, i) => {
    const noise = normals(width, `${salt} ${i}`)
    return noise.map((value, k) => (centres[label]?.[k] ?? 0) * 0.5 + value * spread)
  })
  return {
    size,
    labels,
    read: (indices, into) => {
      onRead?.()
      indices.forEach((index, i) => {
        into.set(samples[index] as Float32Array, i * width)
      })
    },
  }
}

function normals(size: number, name: string): Float32Array {
  const random = randomStream(randomKey(11, 'blobs', name))
  return Float32Array.from({ length: size }, () => random.normal())
}
