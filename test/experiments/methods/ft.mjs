// Factor transfer: whether the paraphraser says what the teacher's map says, and what its factors are worth to the student.
import { reconstructionShare } from '../map-measures.mjs'
import { accuracy } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'

const TAP = 'stage3'
/** Chosen by the tuning below. */
const WEIGHT = 200

/** @param {number} weight @param {string} tap */
const ft = (weight, tap) => ({
  name: 'ft',
  params: { taps: [{ student: tap, teacher: tap }], weight, rate: 0.5, paraphraserShare: 0.2 },
})

export const experiment = {
  idea: "A paraphraser learns, without labels, to say the teacher's map in fewer channels and to say it back. What it says in between, the factors, is what the student learns to give, through a translator that is thrown away. Both sides meet where it is easier than in the map itself.",
  question:
    "Does the paraphraser say back more of the teacher's map than its mean would, and do the factors leave the student as accurate as labels alone?",
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. The last map of both, 3×3 of 64 channels for the teacher, in 32 channels; the paraphraser has the first 20 % of the updates, in which the student waits. The error of the paraphraser is taken on the first 2,000 test samples and divided by the variance of the map there, about the mean of each place and channel.',
  tuned: 'the weight, on held-out training samples of three other seeds (below)',
  tuning: {
    what: 'the weight',
    candidates: [200, 60, 20, 6].map((weight) => ({
      name: String(weight),
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: ft(weight, TAP) }),
    })),
    chosen: String(WEIGHT),
  },
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    {
      name: 'ft',
      title: 'ft',
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: ft(WEIGHT, TAP) }),
    },
  ],
  metrics: [
    accuracy,
    {
      name: 'reconstruction',
      title: "error of the paraphraser as a share of the variance of the teacher's map, test samples",
      better: /** @type {const} */ ('lower'),
      arms: ['ft'],
      value: reconstruction,
    },
  ],
  mustShow: [
    {
      claim: 'Stage-1 reconstruction below the variance of T.',
      metric: 'reconstruction',
      of: 'ft',
      against: 1,
      rule: 'every-seed',
    },
    {
      claim: 'Accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'ft',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: ft(WEIGHT, 'stage2') }),
}

/** The paraphraser rests after its stage. @param {import('../measures.mjs').Run} run */
async function reconstruction({ probe, method }) {
  const map = await probe.teacher(TAP, { samples: 2000 })
  return reconstructionShare(method.apply('paraphraser:0', map), map)
}
