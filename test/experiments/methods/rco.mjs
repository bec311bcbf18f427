// Route constrained optimisation: whether early copies of the teacher are easier to follow, and what the route is worth.
import { accuracy, meanDivergence } from '../measures.mjs'
import { evaluate, mlpTeacher, training } from '../settings.mjs'

const EPOCHS = 40
const STEPS_PER_EPOCH = 20

/** @param {number[]} explicit points of the route */
const rco = (explicit) => ({ name: 'rco', params: { anchors: 'explicit', explicit, temperature: 1, alpha: 1 } })

/** @param {number} seed */
function route(seed) {
  const teacher = mlpTeacher(seed)
  const { steps: _, ...train } = teacher.train
  return { ...teacher, train: { ...train, epochs: EPOCHS }, snapshots: { everyEpochs: 1 } }
}

/** @param {number} seed @param {{hidden: number, explicit: number[], epochs: number}} arm */
const job = (seed, { hidden, explicit, epochs }) => ({
  name: 'rco',
  data: { name: 'optdigits', seed },
  teacher: route(seed),
  student: { model: 'mlp', params: { hidden: [hidden] } },
  method: rco(explicit),
  train: training({ steps: epochs * STEPS_PER_EPOCH, batchSize: 50, learningRate: 0.005, seed }),
  evaluate,
})

/** @param {string} name @param {string} title @param {Parameters<typeof job>[1]} given */
const arm = (name, title, given) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, given) })

export const experiment = {
  idea: 'A teacher is kept as it was on its way, and the student follows these copies in order, easy to hard, before it learns from the trained one. Each target is near the one before. So the student can follow where the last teacher alone would be out of reach.',
  question: 'Is an early copy of the teacher easier to follow, and does the route do no harm?',
  setting:
    'optdigits, 1,000 training samples; teacher MLP 256-256, a copy after each of its 40 epochs; 20 updates of 50 samples to an epoch, Adam at 0.005, cosine schedule begun anew at each anchor; T = 1, alpha 1 (no labels). First: students of 8 hidden units, 20 epochs. Second: students of 24 hidden units, four times 10 epochs. The divergence is KL(p_anchor ‖ p_student) at T = 1 on the training samples.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    arm('first', 'from the copy after epoch 1', { hidden: 8, explicit: [1], epochs: 20 }),
    arm('last', 'from the trained teacher', { hidden: 8, explicit: [-1], epochs: 20 }),
    arm('route', 'anchors 1, 3, 10, 40', { hidden: 24, explicit: [1, 3, 10, -1], epochs: 40 }),
    arm('straight', 'the trained teacher four times', { hidden: 24, explicit: [-1, -1, -1, -1], epochs: 40 }),
  ],
  metrics: [
    {
      name: 'divergence',
      title: 'divergence from the own anchor, training samples',
      better: /** @type {const} */ ('lower'),
      arms: ['first', 'last'],
      value: divergence,
    },
    { ...accuracy, arms: ['route', 'straight'] },
  ],
  mustShow: [
    {
      claim:
        'Students distilled for 20 epochs from C_1 must end with lower training KL to their own anchor than those from C_40, every seed.',
      metric: 'divergence',
      of: 'first',
      against: 'last',
      rule: 'every-seed',
    },
    {
      claim:
        'Final accuracy with anchors (1, 3, 10, 40) × 10 epochs versus KD from C_40 for 40 epochs, same restarts: must be non-inferior (mean difference > −0.5 point). No win is claimed at this scale.',
      metric: 'accuracy',
      of: 'route',
      against: 'straight',
      rule: 'non-inferior',
      margin: 0.005,
    },
  ],
  common: (/** @type {any} */ { teacher, ...job }) => ({
    ...job,
    // 600 steps of the common teacher are 30 epochs of its 1,000 samples
    teacher: { ...teacher, train: { ...teacher.train, steps: undefined, epochs: 30 }, snapshots: { everyEpochs: 1 } },
    method: { name: 'rco', params: { anchors: 'explicit', explicit: [1, 3, 10, -1], temperature: 4, alpha: 0.9 } },
  }),
}

/** @param {import('../measures.mjs').Run} run */
async function divergence({ arm: name, probe }) {
  const on = { split: /** @type {const} */ ('train') }
  const anchor = await probe.teacher('logits', name === 'first' ? { ...on, epoch: 1 } : on)
  return meanDivergence(anchor, await probe.student('logits', on))
}
