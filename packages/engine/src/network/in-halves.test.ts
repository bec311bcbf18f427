import { compileStep } from '@stillhouse/graph'
import { expect, test } from 'vitest'
import type { Tensor } from '../contracts/tf.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyCnn } from '../testing/tiny-architectures.ts'
import { buildNetwork } from './build-network.ts'
import { forward } from './forward.ts'

const architecture = tinyCnn({ inputShape: [8, 8, 1], classes: 3 } as Parameters<typeof tinyCnn>[0])
const sample = (size: number) =>
  tf.tensor4d(
    Float32Array.from({ length: size * 64 }, (_, i) => Math.sin(1 + 1.3 * i)),
    [size, 8, 8, 1],
  )

/** Logits and a tap of a network, traced and eager, and how often the trace split the batch. */
function compare(size: number, frozen: boolean) {
  const network = buildNetwork({ tf, role: 'teacher', architecture, seed: 2, frozen })
  let splits = 0
  const { split } = tf
  const counted = {
    ...tf,
    split: (...args: Parameters<typeof split>) => {
      splits += 1
      return split(...args)
    },
  } as unknown as typeof tf
  const outputs = (x: Tensor) => {
    const { logits, tap } = forward({ tf: counted, network, x })
    return { logits, stage: tap('stage1'), again: tap('relu2') }
  }
  const x = sample(size)
  const eager = tf.tidy(() => Object.values(outputs(x)).map((y) => [...y.dataSync()]))
  const step = compileStep({
    tf,
    name: 'halves',
    inputs: { x },
    variables: frozen ? [] : network.variables,
    step: (inputs) => outputs(inputs['x'] as Tensor),
  })
  const traced = tf.tidy(() => Object.values(step.run({ x })).map((y) => [...y.dataSync()]))
  step.dispose()
  network.model.dispose()
  x.dispose()
  return { eager, traced, splits }
}

test.each([
  [32, true, 1],
  [17, true, 0],
  [8, true, 0],
  [32, false, 0],
])('%i samples, frozen %s: split %i times when traced, and the outputs are those of the eager pass', (...row) => {
  const [size, frozen, expected] = row
  const { eager, traced, splits } = compare(size, frozen)
  expect(splits).toBe(expected)
  traced.forEach((values, i) => {
    expect(values.length).toBe(eager[i]?.length)
    const worst = values.reduce((most, value, k) => Math.max(most, Math.abs(value - (eager[i]?.[k] as number))), 0)
    expect(worst).toBeLessThan(1e-5)
  })
})
