// Attention transfer: whether the student looks where the teacher looks, on samples that neither has seen.
import { accuracy, attentionCosine } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'
import { mean } from '../statistics.mjs'

const TAPS = ['stage1', 'stage2']
const taps = TAPS.map((tap) => ({ student: tap, teacher: tap }))
const at = (/** @type {number} */ weight) => ({ name: 'at', params: { taps, weight } })
const WEIGHT = 100

export const experiment = {
  idea: 'Where a network looks is the map of its summed squared activations. The student is taught to have its maps strong where those of the teacher are, whatever it sees there. Numbers of channels may differ.',
  question: 'Does the student look where the teacher looks, on new samples, without harm to its accuracy?',
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. Maps stage1 and stage2. The cosine is taken on the first 2,000 test samples and averaged over both maps.',
  tuned: 'the weight, on held-out training samples of three other seeds (below)',
  tuning: {
    what: 'the weight',
    candidates: [1000, 300, 100, 30].map((weight) => ({
      name: String(weight),
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: at(weight) }),
    })),
    chosen: String(WEIGHT),
  },
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    { name: 'at', title: 'at', spec: (/** @type {number} */ seed) => experimentE(seed, { method: at(WEIGHT) }) },
  ],
  metrics: [
    accuracy,
    {
      name: 'attention',
      title: 'cosine between the attention of student and teacher, test samples',
      better: /** @type {const} */ ('higher'),
      value: attention,
    },
  ],
  mustShow: [
    {
      claim: 'Accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'at',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
    {
      claim: "Mean cosine(Q_s, Q_t) on test higher than CE's every seed.",
      metric: 'attention',
      of: 'at',
      against: 'labels',
      rule: 'every-seed',
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: at(WEIGHT) }),
}

/** @param {import('../measures.mjs').Run} run */
async function attention({ probe }) {
  const on = { samples: 2000 }
  /** @type {number[]} */
  const found = []
  for (const tap of TAPS) found.push(attentionCosine(await probe.student(tap, on), await probe.teacher(tap, on)))
  return mean(found)
}
