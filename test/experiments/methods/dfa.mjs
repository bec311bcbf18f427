// Differentiable feature aggregation: whether the search goes for what is easiest to copy, and what its mix is worth.
import { accuracy } from '../measures.mjs'
import { evaluate, mlpTeacher, training } from '../settings.mjs'

const LAYERS = ['stage1', 'stage2', 'stage3']
const PLANTED = 'stage3'

/** @param {object} [change] */
const dfa = (change = {}) => ({
  name: 'dfa',
  params: { groups: [{ student: 'stage1', teacher: LAYERS }], searchShare: 0.4, mixRate: 0.02, ...change },
})

/** @param {number} seed @param {object} method */
const job = (seed, method) => ({
  name: 'dfa',
  data: { name: 'optdigits', limit: 600, seed },
  teacher: mlpTeacher(seed, [64, 64, 64]),
  student: { model: 'mlp', params: { hidden: [24, 24] } },
  method,
  train: training({ steps: 900, batchSize: 50, learningRate: 0.005, seed }),
  evaluate,
})

/** Three shares that the seed gives, none below a tenth of another. @param {number} seed */
function randomShares(seed) {
  const drawn = LAYERS.map(
    (_, i) => 0.1 + 0.9 * ((Math.abs(Math.sin(12.9898 * seed + 78.233 * (i + 1))) * 43758.5453) % 1),
  )
  const sum = drawn.reduce((total, share) => total + share)
  return drawn.map((share) => share / sum)
}

export const experiment = {
  idea: 'What a stage of the student is taught is a mix of several layers of the teacher. The mix is searched for between two wishes: a student shall be able to copy it, and shall be able to go on from it to the labels. Then the student learns with that mix.',
  question:
    'Does the search keep away from what is easy to copy and of no use, and is its mix no worse than a random one?',
  setting:
    'optdigits, 600 training samples; teacher MLP 64-64-64 trained on all 1,000; student MLP 24-24; 900 updates of 50 samples, Adam at 0.005, cosine schedule, the first 5 % to measure, 40 % to search with a student that is thrown away. One group: the three layers of the teacher for the first of the student. Planted: wherever the method looks at the third layer it sees zeros; the search has the task (bridge 1 : 1) or only the copying. Not planted: the mix that is found, or one that is drawn by the seed and kept.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    {
      name: 'planted-copy',
      title: 'a layer of zeros, copying only',
      tamper: plantZeros,
      spec: (/** @type {number} */ seed) => job(seed, dfa({ bridgeTask: 0 })),
    },
    {
      name: 'planted-bridge',
      title: 'a layer of zeros, the bridge',
      tamper: plantZeros,
      spec: (/** @type {number} */ seed) => job(seed, dfa()),
    },
    {
      name: 'random',
      title: 'dfa with a random mix',
      spec: (/** @type {number} */ seed) => job(seed, dfa({ shares: [randomShares(seed)], mixRate: 0 })),
    },
    { name: 'dfa', title: 'dfa', spec: (/** @type {number} */ seed) => job(seed, dfa()) },
    {
      name: 'labels',
      title: 'labels only',
      spec: (/** @type {number} */ seed) => job(seed, { name: 'none' }),
    },
  ],
  metrics: [
    {
      name: 'zero-share',
      title: 'share of the layer of zeros in the mix that is found',
      better: /** @type {const} */ ('lower'),
      arms: ['planted-copy', 'planted-bridge'],
      value: zeroShare,
    },
    { ...accuracy, arms: ['random', 'dfa', 'labels'] },
  ],
  mustShow: [
    {
      claim: "After search the zero map's alpha must be lower with the bridge than with ST only, every seed.",
      metric: 'zero-share',
      of: 'planted-bridge',
      against: 'planted-copy',
      rule: 'every-seed',
    },
    {
      claim: 'Stage 2 with found alpha versus random alpha: non-inferiority in the mean (at most 0.5 point below).',
      metric: 'accuracy',
      of: 'dfa',
      against: 'random',
      rule: 'non-inferior',
      margin: 0.005,
    },
    {
      claim: 'The same against labels only, which have all the updates: report only.',
      metric: 'accuracy',
      of: 'dfa',
      against: 'labels',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ given) => ({
    ...given,
    method: dfa({
      groups: [1, 2].map((stage) => ({
        student: `stage${stage}-relu`,
        teacher: [`stage${stage}-bn`, `stage${stage}-relu`],
      })),
    }),
  }),
}

/** @type {import('../method-insides.mjs').Tamper} */
function plantZeros(step) {
  /** @param {import('@stillhouse/engine').Outputs} outputs */
  const planted = (outputs) => ({
    get logits() {
      return outputs.logits
    },
    tap: (/** @type {string} */ name) => (name === PLANTED ? step.tf.zerosLike(outputs.tap(name)) : outputs.tap(name)),
  })
  return {
    ...step,
    teacher: (index) => planted(step.teacher(index)),
    infer: (network, x) => (network.role === 'teacher' ? planted(step.infer(network, x)) : step.infer(network, x)),
  }
}

/** At the last step of the search. @param {import('../measures.mjs').Run} run */
function zeroShare({ points }) {
  const name = `alpha1.${LAYERS.indexOf(PLANTED) + 1}`
  const found = points.filter((point) => point.stage === 'search1' && point.name.endsWith(name)).at(-1)
  if (found) return found.value
  throw new Error(`The search logged no "${name}".`)
}
