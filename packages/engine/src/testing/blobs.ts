// A data set for tests: small images, one blurred spot per class plus noise, as hard as `spread` says. Every sample is a
// function of its number.
import type { Dataset, Split } from '../contracts/data-format.ts'
import { sharedFloats } from '../data/shared-memory.ts'
import { randomKey } from '../random/random-key.ts'
import { randomStream } from '../random/random-stream.ts'

export interface Blobs {
  readonly train?: number
  readonly test?: number
  readonly inputShape?: readonly number[]
  readonly classes?: number
  readonly spread?: number
}

export function blobs(options: Blobs = {}): Dataset {
  const { train = 120, test = 60, inputShape = [6, 6, 1], classes = 3, spread = 0.6 } = options
  const make = (size: number, salt: string) => split({ size, salt, inputShape, classes, spread })
  return {
    signature: { inputShape, classes },
    digest: `blobs-${train}-${test}-${inputShape.join('x')}-${classes}-${spread}`,
    splits: { train: make(train, 'train'), test: make(test, 'test') },
  }
}

interface BlobSplit extends Required<Pick<Blobs, 'inputShape' | 'classes' | 'spread'>> {
  readonly size: number
  readonly salt: string
}

function split({ size, salt, inputShape, classes, spread }: BlobSplit): Split {
  const width = inputShape.reduce((product, axis) => product * axis, 1)
  const labels = Int32Array.from({ length: size }, (_, i) => i % classes)
  const centres = Array.from({ length: classes }, (_, label) => normals(width, `centre ${label}`))
  const values = sharedFloats(size * width)
  for (const [i, label] of labels.entries()) {
    const noise = normals(width, `${salt} ${i}`)
    const sample = noise.map((value, k) => (centres[label]?.[k] ?? 0) * 0.5 + value * spread)
    values.set(sample, i * width)
  }
  return { size, labels, values, scale: 1 }
}

function normals(size: number, name: string): Float32Array {
  const random = randomStream(randomKey(11, 'blobs', name))
  return Float32Array.from({ length: size }, () => random.normal())
}
