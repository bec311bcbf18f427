// Watches where a training takes its batches from: which samples it sees, and how many times it updates.
import { createHash } from 'node:crypto'

/**
 * @param {{data: {seed: number}, train: {seed: number, accumulate: number}, resources: {loaderThreads: number}}} spec
 * @param {typeof import('@stillhouse/engine').openBatches} openBatches the engine's
 */
export function createFootprint({ data, train, resources }, openBatches) {
  let batches = 0
  /** Of each stage. @type {Set<string>} */
  let samples = new Set()
  return {
    /** A training before the student's is over: what was seen does not count. */
    begin() {
      batches = 0
      samples = new Set()
    },
    /** @type {(plan: import('@stillhouse/engine').BatchPlan) => import('@stillhouse/engine').BatchSource} */
    openBatches(plan) {
      samples.add(digestOf(plan))
      const source = openBatches(plan, { threads: resources.loaderThreads })
      return {
        ...source,
        get waitedMs() {
          return source.waitedMs
        },
        at: async (step) => {
          const found = await source.at(step)
          batches += 1
          return found
        },
      }
    },
    found: () => ({
      training: [...samples].sort().join('+'),
      updates: batches / train.accumulate,
      dataSeed: data.seed,
      trainSeed: train.seed,
    }),
  }
}

/** Samples, labels, order and augmentation aside. @param {import('@stillhouse/engine').BatchPlan} plan */
function digestOf({ main: { view } }) {
  const hash = createHash('sha256').update(bytes(view.indices)).update(bytes(view.labels))
  return hash.digest('hex').slice(0, 16)
}

/** @param {Int32Array} values */
const bytes = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)
