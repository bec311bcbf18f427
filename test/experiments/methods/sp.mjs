// Similarity preservation: whether samples that look alike to the teacher look alike to the student, on new samples.
import { accuracy } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'
import { similarityDistance } from '../similarity-distance.mjs'

const TAP = 'stage3'
const sp = (/** @type {string} */ tap) => ({
  name: 'sp',
  params: { taps: [{ student: tap, teacher: tap }], weight: 3000 },
})
const BATCH = 32

export const experiment = {
  idea: 'What is learnt of the teacher is which samples of a batch look alike to it. The inner products of the features of all pairs become those of the teacher, row by row of length one. The features themselves may differ in shape.',
  question: 'Do the samples look alike to the student that look alike to the teacher, without harm to its accuracy?',
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. The last maps, stage3, weight 3,000. The distance is ‖G_s − G_t‖²_F / B², in batches of 32 as in the training, averaged over the first 2,016 test samples.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    { name: 'sp', title: 'sp', spec: (/** @type {number} */ seed) => experimentE(seed, { method: sp(TAP) }) },
  ],
  metrics: [
    accuracy,
    {
      name: 'distance',
      title: 'distance between the similarities of student and teacher, × 1,000, test samples',
      better: /** @type {const} */ ('lower'),
      value: distance,
    },
  ],
  mustShow: [
    {
      claim: "Test G distance lower than CE's every seed.",
      metric: 'distance',
      of: 'sp',
      against: 'labels',
      rule: 'every-seed',
    },
    {
      claim: 'Accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'sp',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: sp('stage2') }),
}

/** @param {import('../measures.mjs').Run} run */
async function distance({ probe }) {
  const on = { samples: 63 * BATCH }
  return 1000 * similarityDistance(await probe.student(TAP, on), await probe.teacher(TAP, on), BATCH)
}
