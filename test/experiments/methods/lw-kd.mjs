// Learning from a lightweight teacher: soft labels of a network that only knows drawn signs, against the labels alone and
// against label smoothing with targets that are as unsure.
import { accuracy, nll } from '../measures.mjs'
import { afterWaiting, evaluate, training } from '../settings.mjs'
import { mean } from '../statistics.mjs'

/** Of the updates: those in which the teacher learns. */
const TEACHER = 0.2
/** Targets of label smoothing then have about the entropy of the method's: 0.42 nats on a training set of another seed. */
const SMOOTHING = 0.08
const CLASSES = 10

const cnn = { model: 'cnn', params: { filters: [8, 16] } }
const lwKd = {
  name: 'lw-kd',
  params: { teacherShare: TEACHER, alpha: 0.1, temperature: 6, adversarialWeight: 0.01, diagnostic: true },
}
/** Images of one size with the job's, or larger. @param {number} size */
const drawn = (size) => ({
  teacher: { ...cnn, trainable: true },
  sources: { synthetic: { name: 'glyphs', params: { size, train: 2000, test: 100 } } },
  method: lwKd,
})

/** @param {number} seed @param {object} arm */
const job = (seed, arm) => ({
  name: 'lw-kd',
  data: { name: 'mnist', limit: 500, seed },
  student: cnn,
  ...arm,
  train: training({ steps: 750, batchSize: 50, learningRate: 0.005, seed }),
  evaluate,
})

/** @param {string} name @param {string} title @param {object} given */
const arm = (name, title, given) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, given) })

const differs = { training: 'the teacher of the method learns drawn signs before the student begins' }

export const experiment = {
  idea: 'The soft labels come from a tiny network that never sees the images of the task. It learns drawn signs, as many kinds as there are classes, and for each image is asked about a sign of the same number. A discriminator also tells its answers from those of the student, which tries to pass for it.',
  question: 'Do soft labels of a network that knows nothing of the task keep a student from being wrongly sure?',
  setting: `MNIST, 500 training images; student CNN of 8 and 16 filters; 750 updates of 50 images, Adam at 0.005, cosine schedule. The teacher has the same layers and learns 2,000 drawn signs of a few strokes each (the data set glyphs, in place of seven-segment digits) in the first 150 updates, the student in the other 600; alpha 0.1, T = 6, adversarial weight 0.01. The controls wait for 150 updates, so that their student has 600 too. Label smoothing of ${SMOOTHING}, with which targets have about the mean entropy of the method's (both below). The margin of accuracy is the standard error of 93 % on 10,000 test images.`,
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    arm('labels', 'labels only', afterWaiting(TEACHER, { name: 'none' })),
    arm('smoothing', 'label smoothing', afterWaiting(TEACHER, { name: 'none', params: { labelSmoothing: SMOOTHING } })),
    arm('lw-kd', 'lw-kd', drawn(28)),
  ],
  metrics: [
    nll,
    accuracy,
    {
      name: 'entropy',
      title: 'mean entropy of the targets, nats',
      better: /** @type {const} */ ('higher'),
      arms: ['smoothing', 'lw-kd'],
      value: targetEntropy,
    },
  ],
  mustShow: [
    {
      claim: 'Test NLL lower than that of CE.',
      metric: 'nll',
      of: 'lw-kd',
      against: 'labels',
      rule: 'mean-and-most',
      differs,
    },
    {
      claim: 'Accuracy within one standard error of that of CE.',
      metric: 'accuracy',
      of: 'lw-kd',
      against: 'labels',
      rule: 'non-inferior',
      margin: 0.0025,
      differs,
    },
    {
      claim: 'NLL against label smoothing with matched average entropy.',
      metric: 'nll',
      of: 'lw-kd',
      against: 'smoothing',
      rule: 'report',
      differs,
    },
    {
      claim: 'Accuracy against the same.',
      metric: 'accuracy',
      of: 'lw-kd',
      against: 'smoothing',
      rule: 'report',
      differs,
    },
  ],
  common: (/** @type {any} */ { teacher: _, ...job }) => ({ ...job, ...drawn(16) }),
  commonNote: 'another teacher: a CNN of 8 and 16 filters that learns drawn signs in the first fifth of the updates',
  commonDiffers: differs,
  remarks:
    'The control is hardly surer of itself than it is right, so there is little to mend; the student of lw-kd comes out less sure than it is right, which costs NLL. At T = 6 the factor T² makes a weight of 0.1 a strong one. Label smoothing with targets as unsure costs more still, so that the variety of the soft labels is worth something, though here not more than plain labels.',
}

/** @param {import('../measures.mjs').Run} run */
function targetEntropy({ arm: name, points }) {
  if (name === 'lw-kd')
    return mean(points.filter((point) => point.name === 'value.targetEntropy').map(({ value }) => value))
  const other = SMOOTHING / CLASSES
  const own = 1 - SMOOTHING + other
  return -own * Math.log(own) - (CLASSES - 1) * other * Math.log(other)
}
