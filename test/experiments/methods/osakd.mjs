// Online self-acquired distillation: a network that knows its training images by heart, with and without the votes of their
// neighbours, and beside label smoothing.
import { accuracy, nll } from '../measures.mjs'
import { evaluate, training } from '../settings.mjs'

/** @typedef {{neighbours: number, weight: number, queue: number}} Choice */

/** @param {Choice} choice */
const osakd = (choice) => ({ name: 'osakd', params: { ...choice, tap: 'logits', loss: 'mse', diagnostic: true } })

/** @param {number} seed @param {object} method */
const job = (seed, method) => ({
  name: 'osakd',
  data: { name: 'mnist', limit: 1000, seed },
  student: { model: 'cnn', params: { filters: [8, 16] } },
  method,
  train: training({ steps: 600, batchSize: 100, learningRate: 0.005, seed }),
  evaluate,
})

/** @type {Record<string, Choice>} */
const CHOICES = {
  'k 8 of the batch at weight 1': { neighbours: 8, weight: 1, queue: 0 },
  'k 8 of the batch at weight 10': { neighbours: 8, weight: 10, queue: 0 },
  'k 8 with a queue of 900 at weight 10': { neighbours: 8, weight: 10, queue: 900 },
  'k 16 of the batch at weight 10': { neighbours: 16, weight: 10, queue: 0 },
}
const CHOSEN = 'k 8 with a queue of 900 at weight 10'
const chosen = osakd(/** @type {Choice} */ (CHOICES[CHOSEN]))

/** @param {string} name @param {string} title @param {object} method */
const arm = (name, title, method) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, method) })

export const experiment = {
  idea: 'A network without any teacher makes its own soft labels while it trains. For each sample it looks which samples of the batch are nearest in its own output, and takes the shares of their classes. Where a sample lies among others, the network is told to be less sure.',
  question: 'Is a network that knows its training images by heart less wrongly sure of itself with such labels?',
  setting: `MNIST, 1,000 training images; CNN of 8 and 16 filters; 600 updates of 100 images, 60 times through, Adam at 0.005, cosine schedule. Neighbours by the logits, ${CHOSEN}; the image itself does not vote, but an earlier visit of it that is still in the queue does; mean squared error. Label smoothing: 0.1. The entropy of the neighbours' votes is the mean of what is logged in training, and of the last value logged.`,
  tuned:
    'k, weight and pool, by NLL on held-out training samples of three other seeds (below); label smoothing was not tuned',
  tuning: {
    what: 'k, weight and pool',
    metric: /** @type {const} */ ('validation.nll'),
    candidates: Object.entries(CHOICES).map(([name, choice]) => ({
      name,
      spec: (/** @type {number} */ seed) => job(seed, osakd(choice)),
    })),
    chosen: CHOSEN,
  },
  seeds: 5,
  arms: [
    arm('labels', 'labels only', { name: 'none' }),
    arm('smoothing', 'label smoothing', { name: 'none', params: { labelSmoothing: 0.1 } }),
    arm('osakd', 'osakd', chosen),
  ],
  metrics: [
    nll,
    accuracy,
    {
      name: 'trained',
      title: 'accuracy on the training samples',
      better: /** @type {const} */ ('higher'),
      percent: true,
      value: trainingAccuracy,
    },
    entropy('entropy', "entropy of the neighbours' votes, nats, mean over the training", (values) => {
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }),
    entropy('last-entropy', 'the same at the end', (values) => values.at(-1) ?? Number.NaN),
  ],
  mustShow: [
    { claim: 'Test NLL lower than that of CE.', metric: 'nll', of: 'osakd', against: 'labels', rule: 'mean-and-most' },
    {
      claim: 'The control is trained into the overfitting regime: 99 % of the training samples or more.',
      metric: 'trained',
      of: 'labels',
      against: 0.99,
      rule: 'mean',
    },
    { claim: 'Accuracy against CE.', metric: 'accuracy', of: 'osakd', against: 'labels', rule: 'report' },
    { claim: 'NLL against label smoothing.', metric: 'nll', of: 'osakd', against: 'smoothing', rule: 'report' },
    {
      claim: 'Accuracy against label smoothing.',
      metric: 'accuracy',
      of: 'osakd',
      against: 'smoothing',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ { teacher: _, ...job }) => ({ ...job, method: chosen }),
  commonNote: 'no teacher: the student alone',
  remarks:
    'The votes are nearly those of one class from early on, as the logits of training images part: their entropy is a small share of what it could be, and little is left to learn from them. Sixteen neighbours in place of eight, from the batch, were worse on held-out samples.',
}

/** @param {import('../measures.mjs').Run} run */
async function trainingAccuracy({ probe }) {
  const on = { split: /** @type {const} */ ('job') }
  const { shape, values } = await probe.student('logits', on)
  const classes = shape[1] ?? 0
  const labels = probe.labels(on)
  const right = labels.filter((label, i) => {
    const row = values.subarray(i * classes, (i + 1) * classes)
    return row.indexOf(Math.max(...row)) === label
  })
  return right.length / labels.length
}

/** @param {string} name @param {string} title @param {(values: readonly number[]) => number} of */
function entropy(name, title, of) {
  return {
    name,
    title,
    better: /** @type {const} */ ('higher'),
    arms: ['osakd'],
    value: (/** @type {import('../measures.mjs').Run} */ { points }) =>
      of(points.filter((point) => point.name === 'value.voteEntropy').map(({ value }) => value)),
  }
}
