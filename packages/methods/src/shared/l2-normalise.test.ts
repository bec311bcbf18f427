import { describe, expect, it } from 'vitest'
import { expectNear, ops, tf, valueAndGradient } from '../testing/cpu-tf.ts'
import { l2Normalise } from './l2-normalise.ts'

const maths = { tf, ops }

describe('normalised vectors', () => {
  it('have length one, whatever they had', () => {
    const vectors = l2Normalise(maths, tf.tensor2d([3, 4, -6e-8, 8e-8], [2, 2]))
    expectNear(Array.from(vectors.dataSync()), [0.6, 0.8, -0.6, 0.8], 6)
  })

  it('have the slope of a direction: across the vector only, by its length', () => {
    const across = valueAndGradient((x) => l2Normalise(maths, x).sum().asScalar(), tf.tensor2d([3, 4], [1, 2]))
    // d/dx of (x + y) / ‖(x, y)‖ is (y² − x y) / ‖(x, y)‖³
    expectNear(across.gradient, [(16 - 12) / 125, (9 - 12) / 125], 6)
  })

  it('are zero without a gradient where there is no direction', () => {
    const zero = valueAndGradient((x) => l2Normalise(maths, x).sum().asScalar(), tf.zeros([2, 3]))
    expect(zero.value).toBe(0)
    for (const slope of zero.gradient) expect(Math.abs(slope)).toBe(0)
  })
})
