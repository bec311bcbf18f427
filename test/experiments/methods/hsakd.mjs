// Hierarchical self-supervised distillation: against the labels alone, and against the answers of the same teacher on the same
// turned images without the heads.
import { accuracy } from '../measures.mjs'
import { afterWaiting, evaluate, training } from '../settings.mjs'

/** Of the updates: those in which the heads of the teacher learn. */
const HEADS = 0.25

/** @param {number} jointWeight */
const hsakd = (jointWeight) => ({ name: 'hsakd', params: { temperature: 3, jointWeight, headShare: HEADS } })

/** @param {number} seed @param {object} method `{ method }` or `{ stages }` */
const job = (seed, method) => ({
  name: 'hsakd',
  data: { name: 'mnist', limit: 1000, seed },
  teacher: {
    model: 'cnn',
    params: { filters: [16, 32, 64] },
    train: training({ steps: 600, batchSize: 50, learningRate: 0.002, seed }),
  },
  student: { model: 'cnn', params: { filters: [4, 8, 16] } },
  ...method,
  train: training({ steps: 800, batchSize: 32, learningRate: 0.005, seed }),
  evaluate,
})

/** @param {string} name @param {string} title @param {object} method */
const arm = (name, title, method) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, method) })

export const experiment = {
  idea: 'Small heads on every stage of a teacher learn to tell the class of an image and how it is turned, both at once. The student has such heads too and copies those of the teacher, stage by stage, beside its answers. All heads are thrown away afterwards.',
  question: 'Is a student better with the heads of a teacher than with the labels, and than with its answers alone?',
  setting:
    'MNIST, 1,000 training images for teacher and student; teacher CNN of 16, 32 and 64 filters, student a quarter as wide; 800 updates of 32 images, each in four rotations, Adam at 0.005, cosine schedule; T = 3, weights 1. The teacher is trained beforehand and frozen, and its heads learn in the first 200 updates (mode A of the paper; heads that train with the teacher, mode B, cannot be handed from job to job here), the student in the other 600. So that the controls have 600 updates for the student too, that of the labels waits for 200, and that without heads is the same job with a weight of one in a million for them.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    arm('labels', 'labels only', afterWaiting(HEADS, { name: 'none' })),
    arm('answers', 'the answers on turned images, no heads', { method: hsakd(1e-6) }),
    arm('hsakd', 'hsakd', { method: hsakd(1) }),
  ],
  metrics: [accuracy],
  mustShow: [
    { claim: 'HSAKD above CE.', metric: 'accuracy', of: 'hsakd', against: 'labels', rule: 'mean-and-most' },
    {
      claim: 'Versus KD with the same teacher and the same rotated inputs: the sign.',
      metric: 'accuracy',
      of: 'hsakd',
      against: 'answers',
      rule: 'report',
    },
    { claim: 'That KD against CE.', metric: 'accuracy', of: 'answers', against: 'labels', rule: 'report' },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: hsakd(1) }),
  commonNote: 'the heads of the teacher learn in the first quarter of the updates',
  remarks:
    'What is gained over the labels comes from the answers of the teacher on turned images. The heads add nothing that five seeds could show.',
}
