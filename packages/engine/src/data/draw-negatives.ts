// Other samples for each sample of a batch, drawn anew at every step: the rows of a memory bank that it is told apart
// from.
import { randomStream } from '../random/random-stream.ts'
import { threefry } from '../random/threefry.ts'
import type { HostBatch } from './batch-source.ts'
import { classGroups, groupSize } from './class-groups.ts'
import { type StreamIdentity, streamKey } from './stream-key.ts'
import type { Members } from './stream-members.ts'

export interface CreateNegatives {
  readonly members: Members
  readonly classes: number
  readonly count: number
  readonly from: 'otherClasses' | 'others'
  readonly stream: StreamIdentity
}

/** Fills `batch.negatives` from `batch.place` and `batch.y`. */
export type DrawNegatives = (step: number, batch: HostBatch) => void

export function createNegatives({ members, classes, count, from, stream }: CreateNegatives): DrawNegatives {
  const base = streamKey(stream, 'negatives')
  const key = new Uint32Array(2)
  const draw = drawRanks(members.labels.length, count)
  const excluded = from === 'others' ? itself : ownClass(members, classes)
  return (step, { negatives, place, y }) => {
    for (let i = 0; i < place.length; i++) {
      const { start, size, at } = excluded(place[i] as number, y[i] as number)
      threefry(base, step, i, key)
      const row = (negatives as Int32Array).subarray(i * count, (i + 1) * count)
      draw(members.labels.length - size, key, row)
      // candidates are all ranks but one run of them: those behind it move up
      for (let k = 0; k < count; k++) {
        const rank = row[k] as number
        row[k] = at(rank < start ? rank : rank + size)
      }
    }
  }
}

/** The run of ranks that a sample may not draw, and the place of a rank. */
interface Excluded {
  readonly start: number
  readonly size: number
  readonly at: (rank: number) => number
}

const sameNumber = (rank: number) => rank

function itself(place: number): Excluded {
  return { start: place, size: 1, at: sameNumber }
}

function ownClass({ labels }: Members, classes: number): (place: number, label: number) => Excluded {
  const groups = classGroups(labels, classes)
  const at = (rank: number) => groups.places[rank] as number
  return (_place, label) => ({ start: groups.start[label] as number, size: groupSize(groups, label), at })
}

/** Draws ranks below a bound: the beginning of a Fisher–Yates shuffle, undone afterwards so that a row costs its length. */
function drawRanks(samples: number, count: number): (bound: number, key: Uint32Array, into: Int32Array) => void {
  const pool = Int32Array.from({ length: samples }, (_, i) => i)
  const swapped = new Int32Array(count)
  const swap = (a: number, b: number): void => {
    const kept = pool[a] as number
    pool[a] = pool[b] as number
    pool[b] = kept
  }
  return (bound, key, into) => {
    const random = randomStream(key)
    if (bound < count) {
      for (let k = 0; k < count; k++) into[k] = random.below(bound)
      return
    }
    for (let k = 0; k < count; k++) {
      const other = k + random.below(bound - k)
      swapped[k] = other
      swap(k, other)
      into[k] = pool[k] as number
    }
    for (let k = count - 1; k >= 0; k--) swap(k, swapped[k] as number)
  }
}
