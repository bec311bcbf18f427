// Search for better students: whether the units that the search leaves are a better start than others as many, and than none.
import { accuracy, meanDivergence, required } from '../measures.mjs'
import { evaluate, mlpTeacher, training } from '../settings.mjs'

const HIDDEN = [256]
const UNITS = 12
/** Of the common student: a CNN of 4 and 8 filters on images of 8×8. */
const COMMON_WEIGHTS = 678

/** @param {number} seed @param {object} how */
const job = (seed, how) => ({
  name: 'search-student',
  data: { name: 'optdigits', seed },
  teacher: mlpTeacher(seed, HIDDEN),
  student: { model: 'mlp', params: { hidden: HIDDEN } },
  method: {
    name: 'search-student',
    params: { budget: UNITS, temperature: 1, alpha: 1, ...how },
  },
  train: training({ steps: 800, batchSize: 50, learningRate: 0.005, seed }),
  evaluate,
})

/** @param {string} name @param {string} title @param {object} how */
const arm = (name, title, how) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, how) })

/** @param {string} claim @param {string} metric @param {string} against @param {import('../compare.mjs').Rule} rule */
const searchedAgainst = (claim, metric, against, rule) => ({ claim, metric, of: 'searched', against, rule })

export const experiment = {
  idea: "Nobody knows by hand which small network learns a teacher best. So each hidden unit of a copy of the teacher gets a gate, and the gates are pulled to zero while the copy goes on giving the teacher's answers. The units whose gates hold out are the student, which is then distilled.",
  question: 'Are the units that the search leaves a better student than others as many?',
  setting:
    'optdigits, 1,000 training samples; teacher MLP of one hidden layer of 256; 20 epochs of search, then 20 epochs of distillation by KL(teacher ‖ student) at T = 1 without labels; 20 updates of 50 samples to an epoch, Adam at 0.005, constant in the search, cosine after it. lambda1 1e-4, lambda2 0.1, gates at a rate of 0.05; 12 units stay. Arms with other units run the same search and do not look at it, so that all have as many updates and 20 epochs of distillation; they begin with the weights of the teacher, and fresh with new ones. In the last two arms all 40 epochs are distillation. The first divergence is that of the first two batches of the distillation.',
  tuned: 'not tuned: lambda1, lambda2 and the rate of the gates are the defaults',
  seeds: 5,
  arms: [
    arm('searched', 'units that the search left', {}),
    arm('random', 'random units', { select: 'random' }),
    arm('norm', 'units with the largest weights', { select: 'norm' }),
    arm('fresh', '12 units with new weights', { select: 'random', init: 'fresh' }),
    arm('random-long', 'random units, 40 epochs', { select: 'random', searchShare: 0 }),
    arm('norm-long', 'largest weights, 40 epochs', { select: 'norm', searchShare: 0 }),
  ],
  metrics: [
    {
      name: 'divergence',
      title: 'KL(teacher ‖ student), test samples',
      better: /** @type {const} */ ('lower'),
      value: divergence,
    },
    accuracy,
    {
      name: 'first',
      title: 'first divergence of the distillation',
      better: /** @type {const} */ ('lower'),
      value: firstDivergence,
    },
    {
      name: 'params',
      title: 'weights of the student',
      better: /** @type {const} */ ('lower'),
      value: (/** @type {import('../measures.mjs').Run} */ { metrics }) => required('params', metrics),
    },
  ],
  mustShow: [
    searchedAgainst(
      'Lower final KL to the teacher than a random subgraph of 12, every seed.',
      'divergence',
      'random',
      'every-seed',
    ),
    searchedAgainst(
      'Lower final KL to the teacher than a fresh 12-unit student, every seed.',
      'divergence',
      'fresh',
      'every-seed',
    ),
    searchedAgainst('Accuracy above that of a random subgraph in the mean.', 'accuracy', 'random', 'mean'),
    searchedAgainst('Accuracy above that of a fresh student in the mean.', 'accuracy', 'fresh', 'mean'),
    searchedAgainst('Final KL against the units with the largest weights (report).', 'divergence', 'norm', 'report'),
    searchedAgainst('KL before any fine-tuning against a random subgraph (report).', 'first', 'random', 'report'),
    searchedAgainst(
      'Final KL against random units that are distilled all the time (report).',
      'divergence',
      'random-long',
      'report',
    ),
    searchedAgainst(
      'Final KL against the largest weights, distilled all the time (report).',
      'divergence',
      'norm-long',
      'report',
    ),
    searchedAgainst(
      'Accuracy against the largest weights, distilled all the time (report).',
      'accuracy',
      'norm-long',
      'report',
    ),
  ],
  common: (/** @type {any} */ { teacher, ...rest }) => ({
    ...rest,
    teacher,
    student: { model: teacher.model, params: teacher.params },
    method: { name: 'search-student', params: { measure: 'params', budget: COMMON_WEIGHTS } },
  }),
  commonNote: `no student: the search takes the teacher apart, to no more weights than the others have (${COMMON_WEIGHTS})`,
  commonDiffers: { initialWeights: 'the student begins as the teacher' },
}

/** @param {import('../measures.mjs').Run} run */
async function divergence({ probe }) {
  return meanDivergence(await probe.teacher('logits'), await probe.deployed('logits'))
}

/** @param {import('../measures.mjs').Run} run */
function firstDivergence({ points }) {
  const first = points.find(({ name, stage }) => name === 'loss.kd' && stage === 'distil')
  if (first === undefined) throw new Error('The distillation logged no loss.')
  return first.value
}
