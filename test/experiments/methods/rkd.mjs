// Relational distillation: whether near and far samples are so for the student as they are for the teacher.
import { accuracy, distanceCorrelation } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'

const TAP = 'penultimate'
const rkd = {
  name: 'rkd',
  params: { taps: [{ student: TAP, teacher: TAP }], distanceWeight: 25, angleWeight: 50 },
}

export const experiment = {
  idea: 'What is learnt of the teacher is not its features but how samples lie to each other in them. Distances of all pairs and angles of all triplets of a batch become those of the teacher, up to scale. The two spaces may differ in width.',
  question: 'Are near samples near and far ones far as for the teacher, on new samples, without harm to accuracy?',
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. Penultimate features, weights 25 and 50. The correlation is over all pairs of the first 500 test samples.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    { name: 'rkd', title: 'rkd', spec: (/** @type {number} */ seed) => experimentE(seed, { method: rkd }) },
  ],
  metrics: [
    accuracy,
    {
      name: 'distances',
      title: 'Spearman correlation of pair distances with those of the teacher, test samples',
      better: /** @type {const} */ ('higher'),
      value: distances,
    },
  ],
  mustShow: [
    {
      claim: "Spearman correlation of pair distances higher than CE's every seed.",
      metric: 'distances',
      of: 'rkd',
      against: 'labels',
      rule: 'every-seed',
    },
    {
      claim: 'Accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'rkd',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: rkd }),
}

/** @param {import('../measures.mjs').Run} run */
async function distances({ probe }) {
  const on = { samples: 500 }
  return distanceCorrelation(await probe.student(TAP, on), await probe.teacher(TAP, on))
}
