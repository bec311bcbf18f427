// Adversarial online distillation: a small and a larger network that learn each other's answers and fool discriminators of
// maps, against answers alone and against maps that are aligned point by point.
import { MNIST_1K, mnist1k, SMALL } from '../branches.mjs'
import { mapCosine } from '../map-cosine.mjs'
import { accuracy, nll, required } from '../measures.mjs'

/** The last maps of both are 3×3×16, so that nothing needs to be brought to one shape. */
const LARGE = { model: 'cnn', params: { filters: [16, 32, 16] } }
const TAP = 'stage3'
const TEMPERATURE = 3
const RATE = 2e-4

const dml = (/** @type {number} */ weight) => ({ name: 'dml', params: { temperature: TEMPERATURE, weight } })

/** @param {object} params */
const afd = (params) => ({ name: 'afd', params: { temperature: TEMPERATURE, taps: [TAP], ...params } })

/** @param {number} rate of discriminators and extractors */
const adversarial = (rate, discriminator = [32, 64]) =>
  afd({ discriminator, discriminatorRate: rate, extractorRate: rate })

/** @param {number} seed @param {object} method */
const job = (seed, method) => mnist1k(seed, { student: SMALL, peers: [LARGE], method })

/** @param {string} name @param {string} title @param {object} method */
const arm = (name, title, method) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, method) })

/** @typedef {import('../measures.mjs').Run} Run */

export const experiment = {
  idea: "Networks that train together learn each other's answers. Each also has a discriminator that tells its last maps from those of the other, and learns maps that it takes for the other's. So it is the distribution of the maps that is handed on, not each map point by point.",
  question:
    'Is a small network better for training with a larger one this way, and are its maps left more its own than by point-wise alignment?',
  setting: `${MNIST_1K}; the other network is a CNN 16-32-16, whose last maps are of the same shape. T = 3, answers at weight 1. Afd: maps stage3, discriminators of 32 and 64 filters, their steps and those of the extractors with Adam at 0.0002. Alone: both networks at weight 0, each by itself. L1: answers, and the mean absolute difference of the maps at weight 1, in one update. The cosine is that of whole maps of both networks, on the first 2,000 test samples.`,
  tuned: 'not tuned; the rate of the adversarial steps is that of the example, a 25th of the rate of the job',
  seeds: 3,
  arms: [
    arm('alone', 'each by itself', dml(0)),
    arm('dml', 'dml', dml(1)),
    arm('l1', 'answers and L1 between maps', afd({ alignment: 'l1' })),
    arm('afd', 'afd', adversarial(RATE)),
  ],
  metrics: [
    { ...accuracy, title: 'test accuracy of the small network' },
    { ...nll, title: 'test NLL of the small network' },
    {
      name: 'large',
      title: 'test accuracy of the larger network',
      better: /** @type {const} */ ('higher'),
      percent: true,
      value: (/** @type {Run} */ { evaluation }) => required('peers[0].accuracy', evaluation),
    },
    {
      name: 'cosine',
      title: 'cosine between the last maps of both networks, test samples',
      better: /** @type {const} */ ('lower'),
      value: (/** @type {Run} */ { points }) =>
        points.findLast(({ name }) => name === 'map cosine')?.value ?? Number.NaN,
    },
  ],
  /** @param {import('../watch.mjs').Moment} moment */
  watch: async ({ when, network, probe }) => {
    /** @type {Record<string, number>} */
    const seen = {}
    if (when !== 'end') return seen
    const on = { samples: 2000 }
    seen['map cosine'] = mapCosine(probe.of(network('student'), TAP, on), probe.of(network('peers[0]'), TAP, on))
    return seen
  },
  mustShow: [
    {
      claim: "Small net's accuracy higher than alone.",
      metric: 'accuracy',
      of: 'afd',
      against: 'alone',
      rule: 'mean-and-most',
    },
    {
      claim: "Mean cosine similarity between the two nets' maps lower under AFD than under L1 alignment and KD.",
      metric: 'cosine',
      of: 'afd',
      against: 'l1',
      rule: 'mean-and-most',
    },
    {
      claim: 'Accuracy of the small net against L1 alignment and KD.',
      metric: 'accuracy',
      of: 'afd',
      against: 'l1',
      rule: 'report',
    },
    { claim: 'Report DML too.', metric: 'accuracy', of: 'afd', against: 'dml', rule: 'report' },
    {
      claim: "The larger net's accuracy against alone.",
      metric: 'large',
      of: 'afd',
      against: 'alone',
      rule: 'report',
    },
  ],
  remarks:
    'What the small network gained it gained from the answers: dml alone gives as much here, and the adversarial part moved neither accuracy nor maps by more than a fraction of the difference between seeds. The second claim is held by what L1 does, which makes the maps nearly the same, and at the worst NLL of all arms; dml alone keeps them as far apart as afd. The larger network ends below itself alone in every other arm.',
  common: (/** @type {any} */ { teacher: _, ...job }) => ({
    ...job,
    peers: [{ model: 'cnn', params: { filters: [16, 32], dense: 64 } }],
    method: { name: 'afd', params: { ...adversarial(RATE, [16]).params, taps: ['stage1'] } },
  }),
  commonNote: 'no trained teacher: a network like it as untrained peer',
}
