// Knowledge review: whether the teacher's levels can be read off the student's, and what the review is worth.
import { linearReading, withDeeper } from '../linear-reading.mjs'
import { accuracy } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'

const TAPS = ['stage1.pre', 'stage2.pre', 'stage3.pre', 'penultimate']
/** Chosen by the tuning below. */
const WEIGHT = 5

/** @param {number} weight @param {readonly string[]} taps */
const reviewkd = (weight, taps) => ({
  name: 'reviewkd',
  params: { taps: taps.map((tap) => ({ student: tap, teacher: tap })), weight, warmupEpochs: 3, width: 16 },
})

export const experiment = {
  idea: 'The deeper features of the student help to imitate the shallower ones of the teacher, along a path that is fused by attention from the deepest to the shallowest. What is imitated is compared at several sizes, from the whole map to its mean. The path is thrown away after the training.',
  question:
    "Does the review bring the student's levels near the teacher's, on new samples, without harm to its accuracy?",
  setting:
    "MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. Levels: the three maps before their ReLU and the penultimate feature; a path of 16 channels; the weight rises over 3 of the 38 epochs, as over 20 of 240 in the paper. A student of labels only has no path, so both are read in one way: each level of the teacher by least squares from the student's level and its deeper maps brought to its size, place by place, fitted on 500 training images; HCL of that reading on the first 500 test samples, summed over the levels.",
  tuned: 'the weight, on held-out training samples of three other seeds (below)',
  tuning: {
    what: 'the weight',
    candidates: [5, 1, 0.2, 0.05].map((weight) => ({
      name: String(weight),
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: reviewkd(weight, TAPS) }),
    })),
    chosen: String(WEIGHT),
  },
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    {
      name: 'reviewkd',
      title: 'reviewkd',
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: reviewkd(WEIGHT, TAPS) }),
    },
  ],
  metrics: [
    accuracy,
    {
      name: 'hcl',
      title: "HCL between the teacher's levels and what is read of them in the student, test samples",
      better: /** @type {const} */ ('lower'),
      value: readingLoss,
    },
  ],
  mustShow: [
    {
      claim: 'Accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'reviewkd',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
    {
      claim: "HCL on test below the CE student's every seed.",
      metric: 'hcl',
      of: 'reviewkd',
      against: 'labels',
      rule: 'every-seed',
    },
  ],
  common: (/** @type {any} */ job) => ({
    ...job,
    method: reviewkd(WEIGHT, ['stage1.pre', 'stage2.pre', 'penultimate']),
  }),
}

/** A level and the deeper maps; the vector at the end says no more than the last of these. @param {number} level */
const readFrom = (level) => TAPS.slice(level).filter((tap, i) => i === 0 || tap.endsWith('.pre'))

/** @param {import('../measures.mjs').Run} run */
async function readingLoss({ probe }) {
  const [fit, test] = [
    { split: /** @type {const} */ ('train'), samples: 500 },
    { split: /** @type {const} */ ('test'), samples: 500 },
  ]
  let sum = 0
  for (const [i, level] of TAPS.entries()) {
    /** @param {typeof fit | typeof test} on */
    const inputs = async (on) => withDeeper(await Promise.all(readFrom(i).map((tap) => probe.student(tap, on))))
    const read = linearReading(await inputs(fit), await probe.teacher(level, fit))
    sum += await hcl(read(await inputs(test)), await probe.teacher(level, test))
  }
  return sum
}

/**
 * The built packages, which a definition that is only read does not need.
 * @param {import('../probe.mjs').Features} found @param {import('../probe.mjs').Features} target
 */
async function hcl(found, target) {
  const { hierarchicalLoss } = await import('../../../packages/methods/dist/reviewkd.js')
  const { loadBackend } = await import('../../bench/stillhouse/engine.mjs')
  const { tf } = loadBackend()
  return tf.tidy(() => {
    /** @param {import('../probe.mjs').Features} features @returns {any} a vector as a map of one place */
    const map = ({ values }) => tf.tensor(values, /** @type {any} */ (found.shape))
    const maths = /** @type {any} */ ({ tf, ops: { stopGradient: (/** @type {unknown} */ x) => x } })
    return hierarchicalLoss(maths, { student: map(found), teacher: map(target) }).dataSync()[0] ?? Number.NaN
  })
}
