// A row for each training sample, kept from step to step: what contrastive methods tell a sample apart from without
// computing it again.
import type { RandomStream, Tensor } from '@stillhouse/engine'
import { l2Normalise } from './l2-normalise.ts'
import type { Maths } from './maths.ts'

export interface BankShape {
  readonly samples: number
  readonly dim: number
  readonly random: RandomStream
}

/** [samples, dim]: rows of length 1 in random directions. */
export function randomBank(maths: Maths, { samples, dim, random }: BankShape): Tensor {
  const values = Float32Array.from({ length: samples * dim }, () => random.normal())
  return maths.tf.tidy(() => l2Normalise(maths, maths.tf.tensor2d(values, [samples, dim])))
}

export interface MovedBank {
  /** [samples, dim] */
  readonly bank: Tensor
  /** [B] int32, no place twice */
  readonly places: Tensor
  /** [B, dim], of length 1 */
  readonly rows: Tensor
  /** Share of the old row that stays. */
  readonly momentum: number
}

/** The bank with momentum · old + (1 − momentum) · row, brought to length 1, at the places; all else as it was. */
export function movedBank(maths: Maths, { bank, places, rows, momentum }: MovedBank): Tensor {
  const { tf } = maths
  const mixed = tf
    .gather(bank, places)
    .mul(momentum)
    .add(rows.mul(1 - momentum))
  // a copy, since tfjs's CPU backend writes into the tensor that it is given
  return tf.tensorScatterUpdate(bank.mul(1), places.expandDims(1), l2Normalise(maths, mixed))
}

export interface BankScores {
  /** [B, dim] */
  readonly anchor: Tensor
  /** [samples, dim]; gets no gradient */
  readonly bank: Tensor
  /** [B, M] int32 */
  readonly places: Tensor
}

/** Inner products of every anchor with the rows at its own places, [B, M]. */
export function bankScores({ tf, ops }: Maths, { anchor, bank, places }: BankScores): Tensor {
  const [batch = 0, count = 0] = places.shape
  const dim = anchor.shape[1] ?? 0
  const rows = tf.gather(ops.stopGradient(bank), places.reshape([-1])).reshape([batch, count, dim])
  return tf.matMul(rows, anchor.reshape([batch, dim, 1])).reshape([batch, count])
}
