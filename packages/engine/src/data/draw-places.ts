// Which samples a batch holds: the next of a shuffled epoch, or one of the class of each sample of the main batch.
import { permutation } from '../random/permutation.ts'
import type { RandomKey } from '../random/random-key.ts'
import { threefry } from '../random/threefry.ts'
import type { HostBatch } from './batch-source.ts'
import { classGroups, groupSize } from './class-groups.ts'
import { type StreamIdentity, streamKey } from './stream-key.ts'
import type { Members } from './stream-members.ts'

/** What a draw fills, [B] each. */
interface Drawn {
  readonly place: Int32Array
  /** Pass through the samples that each was drawn in: with the sample's number it says how the sample is augmented. */
  readonly epochs: Int32Array
}

export type DrawPlaces = (step: number, drawn: Drawn, main: HostBatch) => void

/**
 * Every epoch in another order. The remainder of an epoch that fills no batch is dropped; a set smaller than a batch is
 * gone through several times in one.
 */
export function shuffledPlaces(samples: number, stream: StreamIdentity): DrawPlaces {
  const order = epochOrder(samples, stream)
  return (step, { place, epochs }) => {
    const size = place.length
    const used = samples < size ? samples : samples - (samples % size)
    for (let i = 0; i < size; i++) {
      const position = step * size + i
      const epoch = Math.floor(position / used)
      epochs[i] = epoch
      place[i] = order(epoch)[position % used] as number
    }
  }
}

/** The order of an epoch, remembered while the epoch lasts. */
function epochOrder(samples: number, stream: StreamIdentity): (epoch: number) => Int32Array {
  let current = -1
  let order: Int32Array = new Int32Array()
  return (epoch) => {
    if (epoch !== current) order = permutation(samples, streamKey(stream, 'order', epoch))
    current = epoch
    return order
  }
}

export interface SameClass {
  readonly members: Members
  readonly classes: number
  readonly stream: StreamIdentity
  /** Whether the main stream has its samples from the same split, so that a sample could be drawn as its own partner. */
  readonly sharesSplit: boolean
}

/** Per sample of the main batch any one of its class; itself only where its class has no other. */
export function sameClassPlaces({ members, classes, stream, sharesSplit }: SameClass): DrawPlaces {
  const groups = classGroups(members.labels, classes)
  const base: RandomKey = streamKey(stream, 'sameClass')
  const words = new Uint32Array(2)
  return (step, { place, epochs }, main) => {
    epochs.fill(step)
    for (let i = 0; i < place.length; i++) {
      const label = main.y[i] as number
      const count = groupSize(groups, label)
      threefry(base, step, i, words)
      let rank = below(words[0] as number, count)
      const at = (): number => groups.places[(groups.start[label] as number) + rank] as number
      // one step on by 1 … count − 1 leaves all others equally likely
      if (sharesSplit && count > 1 && members.index[at()] === main.index[i])
        rank = (rank + 1 + below(words[1] as number, count - 1)) % count
      place[i] = at()
    }
  }
}

function below(word: number, bound: number): number {
  return Math.floor((word / 2 ** 32) * bound)
}
