// Settings that several experiments share, so that their numbers can be laid beside each other.

/** @param {number} learningRate */
export const adam = (learningRate) => ({ name: 'adam', learningRate })
const cosine = { name: 'cosine' }
/** Nothing but the final scores. */
export const evaluate = { everyEpochs: 0, latencyRuns: 0 }
const quiet = { checkpointSeconds: 3600 }

/**
 * @param {{steps: number, batchSize: number, learningRate: number, seed: number}} options
 */
export const training = ({ steps, batchSize, learningRate, seed }) => ({
  steps,
  batchSize,
  optimizer: adam(learningRate),
  schedule: cosine,
  seed,
  ...quiet,
})

/**
 * A control whose student waits for as long as a method prepares its teacher, so that both have the same updates left: the
 * first stage moves the last layer, at a rate of 1e-9.
 * @param {number} share of the updates @param {object} method
 */
export const afterWaiting = (share, method) => ({
  stages: [
    {
      name: 'waiting',
      share,
      methods: [method],
      train: ['logits'],
      optimizer: { name: 'sgd', learningRate: 1e-9 },
    },
    { name: 'student', share: 1 - share, methods: [method] },
  ],
})

/** Teacher MLP on the 1,000 training samples of optdigits. @param {number} seed @param {number[]} [hidden] */
export const mlpTeacher = (seed, hidden = [256, 256]) => ({
  model: 'mlp',
  params: { hidden },
  data: { limit: 1000 },
  train: training({ steps: 800, batchSize: 50, learningRate: 0.001, seed }),
})

/**
 * Experiment E of the feature methods: 500 labelled images of MNIST, a convolutional teacher that has seen 10,000.
 * @param {number} seed @param {object} method `{ method }` or `{ methods }`
 */
export const experimentE = (seed, method) => ({
  name: 'experiment-e',
  data: { name: 'mnist', limit: 500, seed },
  teacher: {
    model: 'cnn',
    params: { filters: [16, 32, 64] },
    data: { limit: 10_000 },
    train: training({ steps: 470, batchSize: 64, learningRate: 0.002, seed }),
  },
  student: { model: 'cnn', params: { filters: [4, 8, 16] } },
  ...method,
  train: training({ steps: 600, batchSize: 32, learningRate: 0.005, seed }),
  evaluate,
})

/** The control of experiment E. */
export const labelsOnly = { method: { name: 'none' } }

/** "Non-inferior" in experiment E: at most this much accuracy below the control, in the mean. */
export const E_MARGIN = 0.005

/**
 * The one setting in which the summary compares all methods: a definition's `common` adds its method, and says so where it
 * cannot have this teacher or needs more than this student.
 * @param {number} seed
 */
export const commonJob = (seed) => ({
  name: 'common',
  data: { name: 'optdigits', limit: 300, seed },
  teacher: {
    model: 'cnn',
    params: { filters: [16, 32], dense: 64 },
    data: { limit: 1000 },
    train: training({ steps: 600, batchSize: 50, learningRate: 0.003, seed }),
  },
  student: { model: 'cnn', params: { filters: [4, 8] } },
  train: training({ steps: 540, batchSize: 32, learningRate: 0.01, seed }),
  evaluate,
})

export const COMMON =
  'Data: optdigits, 300 of the 1,000 training samples, as many of each digit, drawn by the seed; accuracy on the 797 test samples. Teacher: a CNN of 16 and 32 filters and 64 dense units, trained on all 1,000. Student: a CNN of 4 and 8 filters. Budget: 540 updates of 32 samples, Adam at 0.01, cosine schedule, no augmentation. Parameters of the methods are those of their definitions and were not tuned in this setting.'
