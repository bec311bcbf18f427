import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import { compileStep } from './compile-step.ts'
import { type StatelessDraw, statelessNormal, statelessUniform } from './stateless-random.ts'
import type { Scalar, Tensor } from './tf.ts'

afterEach(() => tf.setBackend('tensorflow'))

const draws = { statelessUniform, statelessNormal }
type Draw = (key: Partial<StatelessDraw>) => number[]

const at = (step: number) => tf.scalar(step, 'int32')
function drawer(draw: typeof statelessUniform): Draw {
  return (key) => [...draw(tf, { shape: [50], seed: 1, site: 'a', step: at(0), ...key }).dataSync()]
}

test.each(Object.entries(draws))(
  '%s: one key gives one sequence, and each part of the key another',
  async (_, draw) => {
    for (const backend of ['tensorflow', 'cpu']) {
      await tf.setBackend(backend)
      const numbers = drawer(draw)
      const keys: Partial<StatelessDraw>[] = [{}, { seed: 2 }, { site: 'b' }, { step: at(1) }, { step: at(2) }]
      expect(numbers({})).toEqual(numbers({}))
      expect(new Set(keys.map((key) => numbers(key).join())).size).toBe(keys.length)
    }
  },
)

test.each(Object.entries(draws))('%s draws in a compiled step what it draws eagerly, anew in each step', (_, draw) => {
  const step = ({ step }: Record<string, Tensor>) => ({
    r: draw(tf, { shape: [9], seed: 5, site: 's', step: step as Scalar }),
  })
  const compiled = compileStep({ tf, name: 'draw', step, inputs: { step: at(0) }, variables: [] })
  const rows = [0, 1, 1000].map((i) => {
    const received = [...(compiled.run({ step: at(i) })['r'] as Tensor).dataSync()]
    expect(received).toEqual([...step({ step: at(i) }).r.dataSync()])
    return received.join()
  })
  compiled.dispose()
  expect(new Set(rows).size).toBe(3)
})

test('the numbers of a key are those of Python’s tf.random.stateless_uniform', () => {
  // tf.random.stateless_uniform([3], [int32 of sha256("42\\0dropout")[0:4], 30 bits of [4:8] + 3]) in TensorFlow 2.21.
  const uniform = statelessUniform(tf, { shape: [3], seed: 42, site: 'dropout', step: at(3) })
  expect([...uniform.dataSync()]).toEqual([0.4763716459274292, 0.46089184284210205, 0.04362046718597412])
})

test('uniform numbers fill [0, 1) evenly and normal ones have mean 0 and variance 1', () => {
  const n = 40_000
  const draw = { shape: [n], seed: 3, site: 'moments', step: at(0) }
  const uniform = statelessUniform(tf, draw)
  const normal = statelessNormal(tf, draw)
  const [mean, square] = [tf.mean(normal).dataSync()[0] as number, tf.mean(tf.square(normal)).dataSync()[0] as number]
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n))
  expect(Math.abs(square - 1)).toBeLessThan(6 / Math.sqrt(n))
  expect(Math.abs((tf.mean(uniform).dataSync()[0] as number) - 0.5)).toBeLessThan(2 / Math.sqrt(n))
  expect(tf.min(uniform).dataSync()[0]).toBeGreaterThanOrEqual(0)
  expect(tf.max(uniform).dataSync()[0]).toBeLessThan(1)
})
