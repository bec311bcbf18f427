// FitNets: whether the hint stage reproduces the teacher's layer, and what the student is worth afterwards.
import { accuracy } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'
import { mean } from '../statistics.mjs'

const fitnets = (/** @type {string} */ tap) => ({
  name: 'fitnets',
  params: { taps: [{ student: tap, teacher: tap }], hintShare: 0.3 },
})

export const experiment = {
  idea: "First the lower half of the student learns to reproduce a middle layer of the teacher, through a regressor that is thrown away. Then the whole student is distilled from the teacher's probabilities, whose weight falls. The hint gives a thin, deep student a start that labels alone would not.",
  question: "Does the hint stage bring the student's layer near the teacher's, without harm to its accuracy?",
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. Hint: stage2 for 30 % of the updates.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    {
      name: 'labels',
      title: 'labels only',
      spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly),
    },
    {
      name: 'fitnets',
      title: 'fitnets',
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: fitnets('stage2') }),
    },
  ],
  metrics: [
    accuracy,
    {
      name: 'hint-error',
      title: 'hint error over the last ten batches of the first stage, as a share of that of its first batch',
      better: /** @type {const} */ ('lower'),
      arms: ['fitnets'],
      value: hintError,
    },
  ],
  mustShow: [
    {
      claim: 'Stage-1 MSE must fall below half its start.',
      metric: 'hint-error',
      of: 'fitnets',
      against: 0.5,
      rule: 'every-seed',
    },
    {
      claim: 'Final accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'fitnets',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: fitnets('stage1') }),
}

/** Of the last ten logged batches to the first. @param {import('../measures.mjs').Run} run */
function hintError({ points }) {
  const hints = points.filter(({ name, stage }) => name === 'loss' && stage === 'hint').map(({ value }) => value)
  const [first, ...later] = hints
  if (first === undefined || later.length === 0)
    throw new Error(`The hint stage logged ${hints.length} losses. Expected its first step and later ones.`)
  return mean(later.slice(-10)) / first
}
