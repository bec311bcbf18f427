// Progressive knowledge teaching: whether the teacher stays where the student can follow, and what that is worth.
import { accuracy, meanDivergence } from '../measures.mjs'
import { evaluate, mlpTeacher, training } from '../settings.mjs'
import { mean } from '../statistics.mjs'

const EPOCHS = 40
const STEPS_PER_EPOCH = 20
const noise = { noise: 0.1 }
const hidden = [256, 256]

const prokt = (/** @type {number} */ lambda) => ({
  name: 'prokt',
  params: { lambda, teacherOptimizer: { name: 'adam', learningRate: 0.001 } },
})

/** @param {number} seed @param {{teacher: object, method: object}} arm */
const job = (seed, arm) => ({
  name: 'prokt',
  data: { name: 'optdigits', seed },
  ...arm,
  student: { model: 'mlp', params: { hidden: [24] } },
  train: {
    ...training({ steps: EPOCHS * STEPS_PER_EPOCH, batchSize: 50, learningRate: 0.005, seed }),
    augment: noise,
    teacherCache: 'off',
  },
  evaluate: { ...evaluate, everyEpochs: 1 },
})

/** @param {number} seed @param {number} lambda */
const together = (seed, lambda) =>
  job(seed, { teacher: { model: 'mlp', params: { hidden }, trainable: true }, method: prokt(lambda) })

/** The same teacher, trained before, with the same noise. @param {number} seed */
function fixed(seed) {
  const teacher = mlpTeacher(seed, hidden)
  const given = { ...teacher, train: { ...teacher.train, augment: noise } }
  return job(seed, { teacher: given, method: { name: 'kd', params: { temperature: 1, alpha: 1 } } })
}

export const experiment = {
  idea: 'Teacher and student learn in the same steps. Each step of the teacher weighs the labels against staying near what the student now answers, so the student is only ever asked for a small move. There is no teacher that is out of reach.',
  question: 'Does the student stay nearer to a teacher that is held back, and is it as good for it?',
  setting:
    'optdigits, 1,000 training samples with noise of 0.1; teacher MLP 256-256 from its first weights, Adam at 0.001; student MLP with 24 hidden units, Adam at 0.005; 40 epochs of 20 updates of 50 samples, cosine schedule; T = 1, no labels for the student. The control is the same with lambda = 0. KL(p_t ‖ p_s) is taken after every epoch on the 797 test samples, then averaged over the epochs. Fixed: kd with T = 1 and no labels, from the same teacher network trained before for as long.',
  tuned: 'not tuned',
  seeds: 5,
  watch: distance,
  arms: [
    { name: 'free', title: 'lambda = 0', spec: (/** @type {number} */ seed) => together(seed, 0) },
    { name: 'prokt', title: 'prokt, lambda = 0.4', spec: (/** @type {number} */ seed) => together(seed, 0.4) },
    { name: 'fixed', title: 'kd from a fixed converged teacher', spec: fixed },
  ],
  metrics: [
    {
      name: 'distance',
      title: 'KL between teacher and student, test samples, mean over the epochs',
      better: /** @type {const} */ ('lower'),
      arms: ['free', 'prokt'],
      value: meanDistance,
    },
    accuracy,
  ],
  mustShow: [
    {
      claim: 'Mean-over-epochs KL(p_t‖p_s) on held-out data lower for lambda = 0.4 than for lambda = 0, every seed.',
      metric: 'distance',
      of: 'prokt',
      against: 'free',
      rule: 'every-seed',
    },
    {
      claim: 'Mean student accuracy must be no lower than with lambda = 0.',
      metric: 'accuracy',
      of: 'prokt',
      against: 'free',
      rule: 'mean',
    },
    {
      claim: 'Against KD from a fixed converged teacher: report it, do not require it.',
      metric: 'accuracy',
      of: 'prokt',
      against: 'fixed',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ { teacher: { data: _, train: __, ...teacher }, ...given }) => ({
    ...given,
    teacher: { ...teacher, trainable: true },
    method: { name: 'prokt', params: { lambda: 0.4, teacherOptimizer: { name: 'adam', learningRate: 0.003 } } },
  }),
  commonNote: "the teacher begins untrained and has the student's 300 samples",
}

/** @param {import('../watch.mjs').Moment} moment */
async function distance({ when, network, probe }) {
  if (when !== 'evaluation') return {}
  const [teacher, student] = ['teacher', 'student'].map((role) => probe.of(network(role), 'logits'))
  return teacher && student ? { distance: meanDivergence(teacher, student) } : {}
}

/** @param {import('../measures.mjs').Run} run */
function meanDistance({ points }) {
  const found = points.filter(({ name }) => name === 'distance').map(({ value }) => value)
  return mean(found)
}
