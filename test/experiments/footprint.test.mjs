import { describe, expect, it } from 'vitest'
import { createFootprint } from './footprint.mjs'

/** Batches of nothing. @type {any} */
const openNothing = () => ({ size: 1, stepsPerEpoch: 1, waitedMs: 0, at: async () => ({}), close: async () => {} })

/** @param {number[]} indices @param {number[]} [labels] @returns {any} */
const plan = (indices, labels = indices.map(() => 0)) => ({
  main: { view: { indices: Int32Array.from(indices), labels: Int32Array.from(labels) } },
})

/** @param {number} [accumulate] */
const footprint = (accumulate = 1) =>
  createFootprint({ data: { seed: 3 }, train: { seed: 4, accumulate }, resources: { loaderThreads: 0 } }, openNothing)

/** @param {ReturnType<typeof footprint>} watched @param {any} samples @param {number} steps */
async function train(watched, samples, steps) {
  const source = watched.openBatches(samples)
  for (let step = 0; step < steps; step++) await source.at(step)
  return watched.found()
}

describe('createFootprint', () => {
  it('counts the updates over all stages', async () => {
    const watched = footprint()
    await train(watched, plan([1, 2]), 3)
    expect(await train(watched, plan([1, 2]), 4)).toMatchObject({ updates: 7, dataSeed: 3, trainSeed: 4 })
  })

  it('counts accumulated batches as one update', async () => {
    expect(await train(footprint(2), plan([1, 2]), 6)).toMatchObject({ updates: 3 })
  })

  it('forgets the training of a teacher', async () => {
    const watched = footprint()
    await train(watched, plan([9]), 5)
    watched.begin()
    const alone = await train(footprint(), plan([1, 2]), 2)
    expect(await train(watched, plan([1, 2]), 2)).toEqual(alone)
  })

  it('tells samples apart, and equal samples with other labels', async () => {
    const found = [plan([1, 2]), plan([1, 3]), plan([1, 2], [0, 1])].map((one) => train(footprint(), one, 1))
    const digests = (await Promise.all(found)).map(({ training }) => training)
    expect(new Set(digests).size).toBe(3)
  })
})
