import { describe, expect, it } from 'vitest'
import type { Scalar, Tensor } from '../contracts/tf.ts'
import { tf } from '../testing/native-tf.ts'
import { createOps } from './create-ops.ts'

const at = (step: number, seed = 1) => createOps({ tf, seed, step: () => tf.scalar(step, 'int32') as Scalar })
const ops = at(0)
const student = tf.tensor2d([
  [1, 2, -1],
  [0.5, 0, 3],
])
const teacher = tf.tensor2d([
  [2, 1, 0],
  [-1, 1, 1],
])
const values = (tensor: Tensor) => [...tensor.dataSync()]
const softmax = (row: number[]) => {
  const exp = row.map(Math.exp)
  return exp.map((value) => value / exp.reduce((sum, e) => sum + e, 0))
}

describe('ops', () => {
  it('cross-entropy is the mean −log p of the label', () => {
    const p = [softmax([1, 2, -1])[1] as number, softmax([0.5, 0, 3])[0] as number]
    const expected = -(Math.log(p[0] as number) + Math.log(p[1] as number)) / 2
    expect(ops.crossEntropy(student, tf.tensor1d([1, 0], 'int32')).dataSync()[0]).toBeCloseTo(expected, 5)
  })

  it('distillation is T² KL(teacher‖student), with the gradient T/B (p_s − p_t)', () => {
    const [temperature, rows] = [4, [0, 1]]
    const soft = (tensor: Tensor) =>
      rows.map((i) =>
        softmax(
          values(tensor)
            .slice(3 * i, 3 * i + 3)
            .map((z) => z / temperature),
        ),
      )
    const [ps, pt] = [soft(student), soft(teacher)]
    const divergence = rows.map((i) =>
      (pt[i] as number[]).reduce((sum, p, k) => sum + p * Math.log(p / (ps[i]?.[k] as number)), 0),
    )
    const expected = (temperature ** 2 * ((divergence[0] as number) + (divergence[1] as number))) / 2
    expect(ops.distillation(student, teacher, temperature).dataSync()[0]).toBeCloseTo(expected, 5)
    const slope = values(tf.grad((z) => ops.distillation(z, teacher, temperature))(student))
    const expectedSlope = rows.flatMap((i) =>
      (ps[i] as number[]).map((p, k) => (temperature / 2) * (p - (pt[i]?.[k] as number))),
    )
    slope.forEach((value, i) => {
      expect(value).toBeCloseTo(expectedSlope[i] as number, 5)
    })
  })

  it('gives the teacher no gradient, nor anything behind stopGradient', () => {
    const through = tf.grad((z) => tf.add(tf.sum(z), ops.distillation(student, z, 2)))(teacher)
    expect(values(through)).toEqual([1, 1, 1, 1, 1, 1])
    expect(values(tf.grad((z) => tf.sum(tf.mul(z, ops.stopGradient(z))))(tf.tensor1d([2, 3])))).toEqual([2, 3])
  })

  it('draws the same numbers for the same seed, step and site, and others for any other', () => {
    const drawn = [at(3), at(4), at(3, 2)].map((own) => values(own.randomUniform([50], 'a')).join())
    const other = values(at(3).randomUniform([50], 'b')).join()
    expect(values(at(3).randomUniform([50], 'a')).join()).toBe(drawn[0])
    expect(new Set([...drawn, other]).size).toBe(4)
    const normal = values(at(3).randomNormal([4000], 'n'))
    expect(normal.reduce((sum, value) => sum + value ** 2, 0) / 4000).toBeCloseTo(1, 1)
  })
})
