// Activation boundaries: whether neurons of the student fire where the teacher's do after the first stage.
import { signAgreement } from '../map-measures.mjs'
import { accuracy } from '../measures.mjs'
import { E_MARGIN, experimentE, labelsOnly } from '../settings.mjs'
import { mean } from '../statistics.mjs'
import { seenOnce } from '../watch.mjs'

const TAPS = ['stage1.pre', 'stage2.pre', 'stage3.pre']
const STAGE = 'boundary'

const ab = (/** @type {readonly string[]} */ taps) => ({
  name: 'ab',
  params: { taps: taps.map((tap) => ({ student: tap, teacher: tap })), weight: 0.003, margin: 1, boundaryShare: 0.2 },
})

export const experiment = {
  idea: "What a layer decides is which of its neurons fire. Before it is trained, the student learns to have every neuron, through a layer that is thrown away, fire where the teacher's does, whatever its strength. Then it is trained as usual, from a better start.",
  question: 'Does the first stage bring the neurons to fire as those of the teacher do, and does it do no harm?',
  setting:
    "MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. The three maps before their ReLU; weight 0.003 for the last and half as much for each before; the boundaries have the first 20 % of the updates, the labels the rest. Agreement is the share of the neurons that are on the same side of zero as the teacher's, through the connecting layers, on the first 500 test samples, mean over the three maps; untrained: with the first weights.",
  tuned: 'not tuned',
  seeds: 5,
  watch: agreements,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    { name: 'ab', title: 'ab', spec: (/** @type {number} */ seed) => experimentE(seed, { method: ab(TAPS) }) },
  ],
  metrics: [
    accuracy,
    ...[
      { name: 'untrained', title: 'agreement of signs with the teacher, untrained, test samples' },
      { name: 'agreement', title: 'agreement of signs with the teacher after the first stage, test samples' },
    ].map(({ name, title }) => ({
      name,
      title,
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['ab'],
      value: (/** @type {import('../measures.mjs').Run} */ run) => seenOnce(run, name),
    })),
    {
      name: 'gain',
      title: 'what the first stage adds to the agreement',
      better: /** @type {const} */ ('higher'),
      percent: true,
      arms: ['ab'],
      value: (/** @type {import('../measures.mjs').Run} */ run) =>
        seenOnce(run, 'agreement') - seenOnce(run, 'untrained'),
    },
  ],
  mustShow: [
    {
      claim: 'Sign agreement after stage 1 above the untrained value by >= 10 points every seed.',
      metric: 'gain',
      of: 'ab',
      against: 0.1,
      rule: 'every-seed',
    },
    {
      claim: 'Final accuracy non-inferior to CE (at most 0.5 point below in the mean).',
      metric: 'accuracy',
      of: 'ab',
      against: 'labels',
      rule: 'non-inferior',
      margin: E_MARGIN,
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: ab(['stage1.pre', 'stage2.pre']) }),
}

/** @param {import('../watch.mjs').Moment} moment */
async function agreements({ when, stage, network, probe }) {
  if (stage !== STAGE || when === 'evaluation') return {}
  const on = { samples: 500 }
  const found = TAPS.map((tap) => {
    const connected = probe.through(network(`adapter:${tap}:${tap}`), probe.of(network('student'), tap, on))
    return signAgreement(connected, probe.of(network('teacher'), tap, on))
  })
  return { [when === 'begin' ? 'untrained' : 'agreement']: mean(found) }
}
