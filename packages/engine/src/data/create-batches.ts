// Training batches by step number. The batch of a step is a function of (seed, step) alone, and is written into the same
// arrays every time, so that preparing it costs little beside the step itself.
import type { AugmentSpec } from '@stillhouse/spec'
import type { Signature } from '../contracts/shelf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { permutation } from '../random/permutation.ts'
import { randomKey } from '../random/random-key.ts'
import { createAugment } from './create-augment.ts'
import type { SampleView } from './data-views.ts'

export interface HostBatch {
  /** Samples one after another, [B, …inputShape]. */
  readonly x: Float32Array
  /** Classes, [B]. */
  readonly y: Int32Array
  /** Numbers of the samples in the split, [B]. */
  readonly index: Int32Array
  /** Numbers of the samples in the view, [B]. */
  readonly place: Int32Array
}

export interface Batches {
  readonly size: number
  /** Whole batches in an epoch; the remainder of an epoch's order is dropped, so that every step has one shape. */
  readonly stepsPerEpoch: number
  /** The batch of step `step` (counted over all epochs). The arrays are valid until the next call. */
  at(step: number): HostBatch
}

export interface CreateBatches {
  readonly view: SampleView
  readonly signature: Signature
  readonly batchSize: number
  readonly seed: number
  readonly augment: AugmentSpec | undefined
}

/** @throws TrainingError `spec.rejected` when a batch is larger than the training set */
export function createBatches({ view, signature, batchSize, seed, augment }: CreateBatches): Batches {
  const { split, indices } = view
  const stepsPerEpoch = Math.floor(indices.length / batchSize)
  if (stepsPerEpoch === 0) throw tooLarge(batchSize, indices.length)
  const sampleSize = signature.inputShape.reduce((product, axis) => product * axis, 1)
  const change = augment && createAugment({ spec: augment, inputShape: signature.inputShape, seed })
  const order = epochOrder(indices.length, seed)
  const [y, index, place] = [new Int32Array(batchSize), new Int32Array(batchSize), new Int32Array(batchSize)]
  const x = new Float32Array(batchSize * sampleSize)
  return {
    size: batchSize,
    stepsPerEpoch,
    at: (step) => {
      const epoch = Math.floor(step / stepsPerEpoch)
      const start = (step % stepsPerEpoch) * batchSize
      place.set(order(epoch).subarray(start, start + batchSize))
      for (let i = 0; i < batchSize; i++) index[i] = indices[place[i] as number] as number
      for (let i = 0; i < batchSize; i++) y[i] = split.labels[index[i] as number] as number
      split.read(index, x)
      if (change !== undefined)
        for (let i = 0; i < batchSize; i++)
          change(x.subarray(i * sampleSize, (i + 1) * sampleSize), { epoch, index: index[i] as number })
      return { x, y, index, place }
    },
  }
}

/** The order of an epoch, remembered while the epoch lasts. */
function epochOrder(size: number, seed: number): (epoch: number) => Int32Array {
  let current = -1
  let order: Int32Array = new Int32Array()
  return (epoch) => {
    if (epoch !== current) order = permutation(size, randomKey(seed, 'order', epoch))
    current = epoch
    return order
  }
}

function tooLarge(batchSize: number, samples: number): TrainingError {
  return new TrainingError(
    'spec.rejected',
    `train.batchSize is larger than the training set. Expected at most ${samples}; received ${batchSize}.`,
  )
}
