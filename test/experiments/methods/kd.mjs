// Knowledge distillation: what unlabelled samples are worth with a teacher, and what the teacher is worth on few labels.
import { accuracy } from '../measures.mjs'
import { evaluate, mlpTeacher, training } from '../settings.mjs'

const kd = (/** @type {number} */ alpha) => ({ name: 'kd', params: { temperature: 4, alpha } })

/** @param {number} seed @param {{limit?: number, method: object, noise?: boolean}} arm */
const job = (seed, { limit, method, noise = false }) => ({
  name: 'kd',
  data: { name: 'optdigits', ...(limit === undefined ? {} : { limit }), seed },
  teacher: mlpTeacher(seed),
  student: { model: 'mlp', params: { hidden: [24] } },
  method,
  train: {
    ...training({ steps: 1200, batchSize: 50, learningRate: 0.005, seed }),
    ...(noise ? { augment: { noise: 0.1 }, teacherCache: 'off' } : {}),
  },
  evaluate,
})

export const experiment = {
  idea: 'A trained teacher says for every sample how likely it finds each class, softened by a temperature. The student learns these probabilities, with or without the labels. What the teacher thinks of the wrong classes tells the student more per sample than the label does.',
  question: 'Does a student learn more from the answers of a teacher than from few labels?',
  setting:
    'optdigits; teacher MLP 256-256 trained on the 1,000 training samples; student MLP with 24 hidden units; 1,200 updates of 50 samples, Adam at 0.005, cosine schedule; T = 4. Label-free: alpha = 1 on all 1,000 training samples. Few: alpha = 0.9 on the 150 labelled samples with noise of 0.1, the teacher asked at every step.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    {
      name: 'labels',
      title: 'labels only, 150 samples',
      spec: (/** @type {number} */ seed) => job(seed, { limit: 150, method: { name: 'none' } }),
    },
    {
      name: 'labels-noise',
      title: 'labels only, 150 samples with noise',
      spec: (/** @type {number} */ seed) => job(seed, { limit: 150, method: { name: 'none' }, noise: true }),
    },
    {
      name: 'few',
      title: 'kd, 150 samples with noise',
      spec: (/** @type {number} */ seed) => job(seed, { limit: 150, method: kd(0.9), noise: true }),
    },
    {
      name: 'label-free',
      title: 'kd without labels, 1,000 samples',
      spec: (/** @type {number} */ seed) => job(seed, { method: kd(1) }),
    },
  ],
  metrics: [accuracy],
  mustShow: [
    {
      claim:
        'Label-free KD on the 1,000 unlabelled inputs must beat CE on the 150 labels in accuracy on the other 797, every seed.',
      metric: 'accuracy',
      of: 'label-free',
      against: 'labels',
      rule: 'every-seed',
      differs: { training: 'unlabelled samples are what is tried' },
    },
    {
      claim: 'KD on just the 150 (noise-augmented, teacher queried live) must beat CE in the mean only.',
      metric: 'accuracy',
      of: 'few',
      against: 'labels',
      rule: 'mean',
    },
    {
      claim: 'The same against CE with the same noise.',
      metric: 'accuracy',
      of: 'few',
      against: 'labels-noise',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: kd(0.9) }),
}
