import { afterEach, expect, test } from 'vitest'
import { tf } from '../test/native-tf.ts'
import type { Binding } from './native-backend.ts'
import type { Tensor } from './tf.ts'
import { traceStep } from './trace-step.ts'

afterEach(() => tf.disposeVariables())

/** A running sum of everything that it is fed, and how often it was traced. */
function summing(limit?: number) {
  const sum = tf.variable(tf.scalar(0))
  const traced: number[] = []
  const step = traceStep({
    tf,
    name: 'sum',
    variables: [sum],
    ...(limit === undefined ? {} : { limit }),
    step: ({ x }) => {
      traced.push((x as Tensor).shape[0] as number)
      sum.assign(tf.add(sum, tf.sum(x as Tensor)))
      return { sum }
    },
  })
  const run = (size: number) => tf.tidy(() => step.run({ x: tf.ones([size]) })['sum']?.dataSync()[0])
  return { sum, traced, step, run }
}

/** Sessions opened and not closed while `run` runs. */
function openSessions(run: () => void): number {
  const backend = tf.backend() as unknown as { binding: Binding }
  const { binding } = backend
  let open = 0
  const loadSavedModel = (folder: string, tags: string) => {
    open += 1
    return binding.loadSavedModel(folder, tags)
  }
  const deleteSavedModel = (id: number) => {
    open -= 1
    binding.deleteSavedModel(id)
  }
  backend.binding = Object.create(binding, {
    loadSavedModel: { value: loadSavedModel },
    deleteSavedModel: { value: deleteSavedModel },
  })
  try {
    run()
  } finally {
    backend.binding = binding
  }
  return open
}

test('each input signature is traced once, and all of them go on from the same values', () => {
  const { traced, step, run, sum } = summing()
  expect([4, 4, 2, 4, 2, 2, 4].map(run)).toEqual([4, 8, 10, 14, 16, 18, 22])
  expect(traced).toEqual([4, 2])
  step.pull()
  expect(sum.dataSync()[0]).toBe(22)
  step.dispose()
})

test('the signature that was not run for longest is dropped first, and traced again when it returns', () => {
  const { traced, step, run } = summing(2)
  const sessions = openSessions(() => {
    expect([1, 2, 1, 3, 1, 2].map(run)).toEqual([1, 3, 4, 7, 8, 10])
  })
  expect(traced).toEqual([1, 2, 3, 2])
  expect(sessions).toBe(2)
  expect(openSessions(() => step.dispose())).toBe(-2)
})

test('values pushed in between are those that the next signature begins with', () => {
  const { step, run, sum } = summing()
  run(3)
  run(5)
  sum.assign(tf.scalar(100))
  step.push()
  expect([run(3), run(5)]).toEqual([103, 108])
  step.dispose()
})

test('a signature that cannot be traced leaves the others as they are', () => {
  const sum = tf.variable(tf.scalar(0))
  const step = traceStep({
    tf,
    name: 'fussy',
    variables: [sum],
    step: ({ x }) => {
      if (x?.shape[0] === 2) x.dataSync()
      sum.assign(tf.add(sum, tf.sum(x as Tensor)))
      return {}
    },
  })
  const run = (size: number) => tf.tidy(() => void step.run({ x: tf.ones([size]) }))
  run(3)
  expect(() => run(2)).toThrow(/'fussy' cannot be traced/)
  run(3)
  step.pull()
  expect(sum.dataSync()[0]).toBe(6)
  step.dispose()
  expect(() => run(3)).toThrow(/'fussy' is disposed/)
})
