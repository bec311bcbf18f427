// Feature fusion learning: branches and their fusion that teach each other against the same graph without that.
import { BRANCHED, branched, MNIST_1K, mnist1k, overBranches, SMALL } from '../branches.mjs'
import { required } from '../measures.mjs'
import { mean } from '../statistics.mjs'

const BRANCHES = 2
const ffl = (/** @type {number} */ weight, tap = 'stage3') => ({
  name: 'ffl',
  params: { temperature: 3, weight, tap, deploy: 1 },
})

/** @param {number} seed @param {number} weight */
const fused = (seed, weight) => mnist1k(seed, { student: branched(SMALL, BRANCHES), method: ffl(weight) })

/** @param {number} seed */
const mutual = (seed) =>
  mnist1k(seed, {
    student: SMALL,
    peers: [SMALL],
    method: { name: 'dml', params: { temperature: 3, weight: 1 } },
  })

/** @typedef {import('../measures.mjs').Run} Run */

/** Both networks at the end. @param {string} score */
const overNetworks =
  (score) =>
  (/** @type {Run} */ { arm, evaluation }) =>
    arm === 'dml'
      ? mean([required(score, evaluation), required(`peers[0].${score}`, evaluation)])
      : overBranches(score, BRANCHES, evaluation)

export const experiment = {
  idea: "The last maps of two branches are fused by a small module with a classifier of its own. The mean of the branches' answers teaches the fused classifier, which teaches the branches. Deployed is a branch, or all with the fusion.",
  question:
    'Do branches become better by what they and their fusion teach each other, and is the fusion better than they?',
  setting: `${MNIST_1K}. Two branches from the last stage on, whose maps of 3×3 are fused; T = 3, weight 1, over a ramp of 80 of every 300 epochs. The control is the same graph with every distillation at weight 0, so that the fused classifier still trains the branches. dml: two whole small CNNs, T = 3, weight 1.`,
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    { name: 'graph', title: 'the same graph, labels only', spec: (/** @type {number} */ seed) => fused(seed, 0) },
    { name: 'ffl', title: 'ffl', spec: (/** @type {number} */ seed) => fused(seed, 1) },
    { name: 'dml', title: 'dml, two whole networks', spec: mutual },
  ],
  metrics: [
    {
      name: 'accuracy',
      title: 'test accuracy, mean over the two sub-networks',
      better: /** @type {const} */ ('higher'),
      percent: true,
      value: overNetworks('accuracy'),
    },
    {
      name: 'nll',
      title: 'test NLL, mean over the two sub-networks',
      better: /** @type {const} */ ('lower'),
      value: overNetworks('nll'),
    },
    {
      name: 'fused-gain',
      title: 'test accuracy of the fused classifier above the mean of the sub-networks',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['graph', 'ffl'],
      value: (/** @type {Run} */ run) => required('fused.accuracy', run.evaluation) - overNetworks('accuracy')(run),
    },
    {
      name: 'fused',
      title: 'test accuracy of the fused classifier',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['graph', 'ffl'],
      value: (/** @type {Run} */ { evaluation }) => required('fused.accuracy', evaluation),
    },
  ],
  mustShow: [
    {
      claim: 'Mean sub-network accuracy above the baseline.',
      metric: 'accuracy',
      of: 'ffl',
      against: 'graph',
      rule: 'mean-and-most',
    },
    {
      claim: 'Fused accuracy not below the mean sub-network.',
      metric: 'fused-gain',
      of: 'ffl',
      against: 0,
      rule: 'mean-and-most',
    },
    {
      claim: 'Also report DML.',
      metric: 'accuracy',
      of: 'ffl',
      against: 'dml',
      rule: 'report',
      differs: BRANCHED,
    },
    {
      claim: 'NLL against the baseline.',
      metric: 'nll',
      of: 'ffl',
      against: 'graph',
      rule: 'report',
    },
  ],
  remarks:
    "The fused classifier sees its maps averaged over their places, 16 numbers, while the branches of this CNN see all 144 of theirs, and on digits the place matters: a task on which the method's fusion is the weaker end. In the paper's networks branches average too. On held-out training samples of another seed, branches with `head: average` were behind their fusion.",
  common: (/** @type {any} */ { teacher: _, ...job }) => ({
    ...job,
    student: branched(job.student, BRANCHES),
    method: ffl(1, 'stage2'),
  }),
  commonNote: 'no teacher: two branches, of which one is deployed',
  commonDiffers: BRANCHED,
}
