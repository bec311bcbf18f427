// Peer collaborative learning: an averaged peer against the network alone, and against the average of the network alone.
import { BRANCHED, branched, MNIST_1K, mnist1k, SMALL } from '../branches.mjs'
import { accuracy, nll, required } from '../measures.mjs'

const PEERS = 3
const DECAY = 0.9
const augment = { shift: 2, rotate: 10 }
const pcl = (/** @type {number} */ decayMax) => ({ name: 'pcl', params: { temperature: 3, decayMax, deploy: 1 } })

/** @param {number} seed @param {number} decayMax */
const peers = (seed, decayMax) => mnist1k(seed, { student: branched(SMALL, PEERS), method: pcl(decayMax), augment })

/** @param {number} seed @param {object} [ema] */
const alone = (seed, ema) => mnist1k(seed, { student: SMALL, method: { name: 'none' }, augment, ema })

export const experiment = {
  idea: 'Branches on one trunk each see a view of the sample of their own, and a classifier on all their features is trained along. A branch learns from that ensemble and from moving averages of the other branches. Deployed is the average of one branch.',
  question: 'Is an averaged peer better than the network alone, and is it by more than the averaging?',
  setting: `${MNIST_1K}. Random shifts of up to 2 pixels and rotations of up to 10 degrees in all arms. Pcl: three branches from the last stage on, so three views of every sample in an update where the network alone sees one; T = 3, weight 1, over a ramp of 80 of every 300 epochs. The averages of pcl and those of the control have the same greatest decay and warm up alike.`,
  tuned: 'the greatest decay of the averages, on held-out training samples of three other seeds (below)',
  seeds: 5,
  tuning: {
    what: 'the greatest decay of the averages',
    candidates: [0.9, 0.98, 0.99, 0.999].map((decay) => ({
      name: String(decay),
      spec: (/** @type {number} */ seed) => peers(seed, decay),
    })),
    chosen: String(DECAY),
  },
  arms: [
    { name: 'labels', title: 'one network, labels only', spec: (/** @type {number} */ seed) => alone(seed) },
    {
      name: 'averaged',
      title: 'one network, labels only, averaged weights',
      spec: (/** @type {number} */ seed) => alone(seed, { decay: DECAY, warmup: true }),
    },
    { name: 'pcl', title: 'pcl', spec: (/** @type {number} */ seed) => peers(seed, DECAY) },
  ],
  metrics: [
    { ...accuracy, title: 'test accuracy of the deployed network' },
    { ...nll, title: 'test NLL of the deployed network' },
    {
      name: 'ensemble',
      title: 'test accuracy of the averaged ensemble',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['pcl'],
      value: (/** @type {import('../measures.mjs').Run} */ { evaluation }) =>
        required('mean:ensemble-logits.accuracy', evaluation),
    },
    {
      name: 'peer',
      title: 'test accuracy of the first peer without averaging',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['pcl'],
      value: (/** @type {import('../measures.mjs').Run} */ { evaluation }) =>
        required('student:branch1.logits.accuracy', evaluation),
    },
  ],
  mustShow: [
    {
      claim: 'Deployed mean peer better than the baseline, one CNN with CE and the same augmentation.',
      metric: 'accuracy',
      of: 'pcl',
      against: 'labels',
      rule: 'mean-and-most',
      differs: BRANCHED,
    },
    {
      claim: 'Control that must be printed: the baseline with EMA weights.',
      metric: 'accuracy',
      of: 'pcl',
      against: 'averaged',
      rule: 'report',
      differs: BRANCHED,
    },
    {
      claim: 'NLL against the baseline with EMA weights.',
      metric: 'nll',
      of: 'pcl',
      against: 'averaged',
      rule: 'report',
      differs: BRANCHED,
    },
  ],
  remarks:
    'The averaging itself is worth nothing here, neither to the network alone nor to the peer, whose weights without it do as well, as one may expect where the schedule ends at a rate of zero. What is gained is small against the differences between seeds. The ensemble, which is handed out too, is ahead of its peer on every seed.',
  common: (/** @type {any} */ { teacher: _, ...job }) => ({
    ...job,
    student: branched(job.student, PEERS),
    method: pcl(DECAY),
  }),
  commonNote:
    'no teacher: three branches, of which the average of one is deployed; without augmentation all views are the same',
  commonDiffers: BRANCHED,
}
