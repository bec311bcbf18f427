import { randomKey, randomStream, type Tensor } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { expectNear, ops, tf, valueAndGradient } from '../testing/cpu-tf.ts'
import { bankScores, movedBank, randomBank } from './memory-bank.ts'

const maths = { tf, ops }
const bank = tf.tensor2d([1, 0, 0.6, 0.8, 0, -1, -0.8, 0.6], [4, 2])
const places = tf.tensor1d([2, 0], 'int32')
const valuesOf = (x: Tensor) => Array.from(x.dataSync())

describe('a memory bank', () => {
  it('begins with rows of length one, in the directions that it draws', () => {
    const from = (seed: number) => ({ samples: 50, dim: 3, random: randomStream(randomKey(seed, 'bank')) })
    const [one, other] = [1, 2].map((seed) => randomBank(maths, from(seed))) as [Tensor, Tensor]
    expectNear(valuesOf(tf.norm(one, 2, 1)), new Array(50).fill(1))
    expect(valuesOf(other)).not.toEqual(valuesOf(one))
    expect(valuesOf(randomBank(maths, from(1)))).toEqual(valuesOf(one))
    expect(Math.abs(one.mean().dataSync()[0] ?? 1)).toBeLessThan(0.3)
  })

  it('changes the rows of the batch, to those of checks/crd.py, and no bit of another', () => {
    const rows = tf.tensor2d([1 / Math.sqrt(5), -2 / Math.sqrt(5), 0, 1], [2, 2])
    const moved = valuesOf(movedBank(maths, { bank, places, rows, momentum: 0.5 }))
    expectNear(moved.slice(4, 6), [0.2297529, -0.973249], 6)
    expect(moved.slice(2, 4)).toEqual(valuesOf(bank).slice(2, 4))
    expect(moved.slice(6)).toEqual(valuesOf(bank).slice(6))
    expectNear(
      [0, 4].map((i) => Math.hypot(moved[i] ?? 0, moved[i + 1] ?? 0)),
      [1, 1],
      6,
    )
  })

  it('takes the new rows as they are without momentum', () => {
    const rows = tf.tensor2d([0, 1, -1, 0], [2, 2])
    expectNear(valuesOf(movedBank(maths, { bank, places, rows, momentum: 0 })), [-1, 0, 0.6, 0.8, 0, 1, -0.8, 0.6])
  })

  it('is scored at the places of each anchor, and gets no gradient', () => {
    const anchor = tf.tensor2d([1, 2, 3, 4], [2, 2])
    const at = tf.tensor2d([0, 1, 3, 2], [2, 2], 'int32')
    expectNear(valuesOf(bankScores(maths, { anchor, bank, places: at })), [1, 2.2, 0, -4])
    const inBank = (b: Tensor) =>
      bankScores(maths, { anchor, bank: b, places: at }).sum().add(b.sum().mul(0)).asScalar()
    expect(valueAndGradient(inBank, bank).gradient).toEqual(new Array(8).fill(0))
  })
})
