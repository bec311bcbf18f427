// Deep mutual learning: two networks together against the same two alone.
import { accuracy, required } from '../measures.mjs'
import { evaluate, training } from '../settings.mjs'

const mlp = { model: 'mlp', params: { hidden: [64, 64] } }

/** At weight 0 each network trains by itself, on the same batches from the same first weights. @param {number} weight */
const dml = (weight) => ({ name: 'dml', params: { temperature: 1, weight } })

/** @param {number} seed @param {number} weight */
const job = (seed, weight) => ({
  name: 'dml',
  data: { name: 'optdigits', limit: 300, seed },
  student: mlp,
  peers: [mlp],
  method: dml(weight),
  train: training({ steps: 400, batchSize: 30, learningRate: 0.003, seed }),
  evaluate,
})

/** Both networks at the end. @param {string} name */
const overPeers =
  (name) =>
  (/** @type {import('../measures.mjs').Run} */ { evaluation }) =>
    (required(name, evaluation) + required(`peers[0].${name}`, evaluation)) / 2

export const experiment = {
  idea: "Several untrained networks train together, each fitting the labels and also the others' present answers. There is no trained teacher. Any of them can be deployed alone.",
  question: 'Do two networks become better by learning from each other than each by itself?',
  setting:
    'optdigits, 300 training samples; two MLPs 64-64 with different first weights; 400 updates of 30 samples, Adam at 0.003, cosine schedule; T = 1, weight 1, simultaneous updates. The control are the same two networks with weight 0. Evaluated on the 797 test samples.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    { name: 'alone', title: 'each by itself', spec: (/** @type {number} */ seed) => job(seed, 0) },
    { name: 'dml', title: 'dml', spec: (/** @type {number} */ seed) => job(seed, 1) },
  ],
  metrics: [
    {
      name: 'nll',
      title: 'test NLL, mean over the two networks',
      better: /** @type {const} */ ('lower'),
      value: overPeers('nll'),
    },
    { ...accuracy, title: 'test accuracy, mean over the two networks', value: overPeers('accuracy') },
  ],
  mustShow: [
    {
      claim: 'Mean-over-peers test NLL lower with DML.',
      metric: 'nll',
      of: 'dml',
      against: 'alone',
      rule: 'mean-and-most',
    },
    {
      claim: 'Accuracy reported alongside and expected not lower.',
      metric: 'accuracy',
      of: 'dml',
      against: 'alone',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ { teacher: _, ...job }) => ({ ...job, peers: [job.student], method: dml(1) }),
  commonNote: 'no teacher: a second student as peer',
}
