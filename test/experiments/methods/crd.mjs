// Contrastive representation distillation: whether an image's embedding by the student finds its embedding by the teacher.
import { accuracy } from '../measures.mjs'
import { retrieval } from '../retrieval.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'

const TAP = 'penultimate'
const crd = {
  name: 'crd',
  params: { taps: [{ student: TAP, teacher: TAP }], weight: 0.8, negatives: 256 },
}
const SAMPLES = 1000

export const experiment = {
  idea: "An image's embedding by the student is drawn to its embedding by the teacher, and pushed from those of hundreds of other images. These come from a memory of all training images. So what the teacher knows of how images differ is learnt, not only each number of its features.",
  question: "Does the student's embedding of a new image find the teacher's, without harm to accuracy?",
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. Penultimate features, embeddings of 128, 256 negatives of other classes, weight 0.8, temperature 0.07. Retrieval: for each of the first 1,000 test samples, whether the nearest of the 1,000 embeddings by the teacher is that of the same sample; chance is 0.1 %.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    { name: 'crd', title: 'crd', spec: (/** @type {number} */ seed) => experimentE(seed, { method: crd }) },
  ],
  metrics: [
    {
      name: 'retrieval',
      title: 'retrieval@1 of the teacher by the student, test samples',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['crd'],
      value: (/** @type {import('../measures.mjs').Run} */ run) => found(run, false),
    },
    {
      name: 'gain',
      title: 'retrieval@1 above that of the same networks and heads before the training',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['crd'],
      value: async (/** @type {import('../measures.mjs').Run} */ run) =>
        (await found(run, false)) - (await found(run, true)),
    },
    accuracy,
  ],
  mustShow: [
    {
      claim: 'Teacher-student retrieval@1 on test embeddings above its untrained value every seed.',
      metric: 'gain',
      of: 'crd',
      against: 0,
      rule: 'every-seed',
    },
    {
      claim: 'Teacher-student retrieval@1 on test embeddings above 10x chance every seed.',
      metric: 'retrieval',
      of: 'crd',
      against: 10 / SAMPLES,
      rule: 'every-seed',
    },
    {
      claim: 'Accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'crd',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: crd }),
}

/** @param {import('../measures.mjs').Run} run @param {boolean} untrained student and heads with their first weights */
async function found({ probe, method }, untrained) {
  const on = { samples: SAMPLES }
  const seen = untrained ? probe.untrained(TAP, on) : await probe.student(TAP, on)
  return retrieval(
    method.apply(`adapter:${TAP}:${TAP}`, seen, { untrained }),
    method.apply('embed:0', await probe.teacher(TAP, on), { untrained }),
  )
}
