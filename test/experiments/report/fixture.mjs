// A made-up experiment of two arms and three seeds, for tests of the pages.

const footing = { test: 't', training: 's', initialWeights: 'w', teacher: null, updates: 10 }

/** @param {Record<string, number>[]} metrics one per seed @returns {import('../run-experiment.mjs').ArmRun[]} */
export const runs = (metrics) =>
  metrics.map((values, i) => ({
    metrics: values,
    footing: { ...footing, dataSeed: i + 1, trainSeed: i + 1 },
    seconds: 1,
  }))

/** @param {readonly number[]} accuracies */
const accuracies = (accuracies) => runs(accuracies.map((accuracy) => ({ accuracy })))

/** @type {import('../definition.mjs').Definition} */
export const definition = {
  idea: 'One. Two. Three.',
  question: 'Is new better than old?',
  setting: 'Digits.',
  tuned: 'not tuned',
  seeds: 3,
  arms: [
    { name: 'old', title: 'the old way', spec: () => ({}) },
    { name: 'new', title: 'the new way', spec: () => ({}) },
  ],
  metrics: [{ name: 'accuracy', title: 'accuracy', better: 'higher', percent: true, value: () => 0 }],
  mustShow: [
    { claim: 'New must beat old, every seed.', metric: 'accuracy', of: 'new', against: 'old', rule: 'every-seed' },
  ],
}

export const oldRuns = accuracies([0.5, 0.6, 0.7])
export const better = accuracies([0.52, 0.61, 0.73])
export const mixed = accuracies([0.52, 0.59, 0.73])
export const worse = accuracies([0.48, 0.59, 0.67])
