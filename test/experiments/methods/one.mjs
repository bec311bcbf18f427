// On-the-fly native ensemble: a branch that learns from the ensemble of itself and its sisters against the network alone.
import { BRANCHED, branched, MNIST_1K, mnist1k, overBranches, SMALL } from '../branches.mjs'
import { accuracy, nll, required } from '../measures.mjs'

const BRANCHES = 3
const one = { name: 'one', params: { temperature: 3, deploy: 1 } }

/** @param {import('../measures.mjs').Run} run */
const ensembleGain = ({ evaluation }) =>
  required('ensemble.accuracy', evaluation) - overBranches('accuracy', BRANCHES, evaluation)

export const experiment = {
  idea: 'One network grows several ends on a shared trunk, and a gate mixes their answers to an ensemble anew for each sample. Every branch learns the labels and the answers of that ensemble. One branch is deployed; the others and the gate are thrown away.',
  question: 'Is a branch that learns from the ensemble better than the same network trained alone?',
  setting: `${MNIST_1K}. One: three branches from the last stage on, T = 3, weight 1, over a ramp of 80 of every 300 epochs. All branches see the same samples, and the deployed one is as large as the network alone.`,
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    {
      name: 'labels',
      title: 'one branch, labels only',
      spec: (/** @type {number} */ seed) => mnist1k(seed, { student: SMALL, method: { name: 'none' } }),
    },
    {
      name: 'one',
      title: 'one',
      spec: (/** @type {number} */ seed) => mnist1k(seed, { student: branched(SMALL, BRANCHES), method: one }),
    },
  ],
  metrics: [
    { ...accuracy, title: 'test accuracy of the exported branch' },
    { ...nll, title: 'test NLL of the exported branch' },
    {
      name: 'ensemble-gain',
      title: 'test accuracy of the ensemble above the mean of its branches',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['one'],
      value: ensembleGain,
    },
    {
      name: 'ensemble',
      title: 'test accuracy of the ensemble',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['one'],
      value: (/** @type {import('../measures.mjs').Run} */ { evaluation }) => required('ensemble.accuracy', evaluation),
    },
  ],
  mustShow: [
    {
      claim: "Exported branch's mean test accuracy better than the single-branch CNN with CE.",
      metric: 'accuracy',
      of: 'one',
      against: 'labels',
      rule: 'mean-and-most',
      differs: BRANCHED,
    },
    {
      claim: 'Its NLL.',
      metric: 'nll',
      of: 'one',
      against: 'labels',
      rule: 'report',
      differs: BRANCHED,
    },
    {
      claim: 'Ensemble accuracy not below the mean branch accuracy.',
      metric: 'ensemble-gain',
      of: 'one',
      against: 0,
      rule: 'mean-and-most',
    },
  ],
  common: (/** @type {any} */ { teacher: _, ...job }) => ({
    ...job,
    student: branched(job.student, BRANCHES),
    method: one,
  }),
  commonNote: 'no teacher: three branches, of which one is deployed',
  commonDiffers: BRANCHED,
}
