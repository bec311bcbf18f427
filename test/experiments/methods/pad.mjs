// Prime-aware adaptive distillation: whether samples on which the teacher's features are wrong are found uncertain.
import { accuracy } from '../measures.mjs'
import { withTeacherFeature } from '../method-insides.mjs'
import { experimentE, labelsOnly } from '../settings.mjs'
import { mean } from '../statistics.mjs'

const TAP = 'penultimate'
const pad = { name: 'pad', params: { taps: [{ student: TAP, teacher: TAP }], weight: 1, plainShare: 0.5 } }
/** Every so many of the training samples is corrupted: MNIST is in no order. */
const ONE_IN = 10

export const experiment = {
  idea: "The student matches the teacher's features and learns, for each of them on each sample, how uncertain the match is. What is uncertain counts less, so a few wrong or hard samples do not lead the training. Half of the training goes by before the uncertainty is learnt.",
  question: 'Is the learnt uncertainty larger on the samples for which the teacher gives wrong features?',
  setting:
    'MNIST, 500 labelled images; teacher CNN 16-32-64 trained on 10,000; student CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule. Penultimate features, weight 1, half of the updates without uncertainty. Corrupted: for every tenth training sample, always the same ones, the teacher gives the features of another sample of the batch. The uncertainty exp(s) is that of the trained head, averaged over features and over the 50 corrupted and the 450 other training samples.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    { name: 'labels', title: 'labels only', spec: (/** @type {number} */ seed) => experimentE(seed, labelsOnly) },
    { name: 'pad', title: 'pad', spec: (/** @type {number} */ seed) => experimentE(seed, { method: pad }) },
    {
      name: 'corrupted',
      title: 'pad, a tenth of the features corrupted',
      spec: (/** @type {number} */ seed) => experimentE(seed, { method: pad }),
      tamper: corrupt,
    },
  ],
  metrics: [
    {
      name: 'uncertainty',
      title: 'mean exp(s) on the corrupted samples, as a multiple of that on the others',
      better: /** @type {const} */ ('higher'),
      arms: ['pad', 'corrupted'],
      value: uncertainty,
    },
    accuracy,
  ],
  mustShow: [
    {
      claim: 'With 10 % corrupted teacher features: mean exp(s) larger on the corrupted samples every seed.',
      metric: 'uncertainty',
      of: 'corrupted',
      against: 1,
      rule: 'every-seed',
    },
    {
      claim: 'The same samples when their features are not corrupted.',
      metric: 'uncertainty',
      of: 'pad',
      against: 1,
      rule: 'report',
    },
    { claim: 'Accuracy against CE.', metric: 'accuracy', of: 'pad', against: 'labels', rule: 'report' },
    {
      claim: 'Accuracy with the corruption against CE.',
      metric: 'accuracy',
      of: 'corrupted',
      against: 'labels',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: pad }),
}

/** @param {import('@stillhouse/engine').StepContext} step */
function corrupt(step) {
  const { tf, batch } = step
  return withTeacherFeature(step, TAP, (features) => {
    const others = tf.concat([features.slice([1, 0]), features.slice([0, 0], [1, -1])], 0)
    const wrong = tf.equal(tf.mod(batch.place, ONE_IN), 0).expandDims(1).cast('float32')
    return features.add(others.sub(features).mul(wrong))
  })
}

/** @param {import('../measures.mjs').Run} run */
async function uncertainty({ probe, method }) {
  const features = await probe.student(TAP, { split: 'job' })
  const { shape, values } = method.apply('uncertainty:0', method.apply(`adapter:${TAP}:${TAP}`, features))
  const width = values.length / (shape[0] ?? 1)
  /** @param {(place: number) => boolean} which */
  const over = (which) => mean(Array.from(values, Math.exp).filter((_, i) => which(Math.floor(i / width))))
  return over((place) => place % ONE_IN === 0) / over((place) => place % ONE_IN !== 0)
}
