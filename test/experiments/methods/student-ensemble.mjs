// Online ensemble model compression: networks of four widths that train together against each of them by itself.
import { required } from '../measures.mjs'
import { evaluate, labelsOnly, training } from '../settings.mjs'

/** Of what lies behind the shared first stage, by branch. */
const WIDTHS = [1, 0.75, 0.5, 0.25]
const FILTERS = [8, 16, 32]

const studentEnsemble = (/** @type {number} */ deploy) => ({
  name: 'student-ensemble',
  params: { taps: [], deploy },
})

/** @param {number} seed @param {object} arm student and method */
const job = (seed, arm) => {
  const train = training({ steps: 600, batchSize: 50, learningRate: 0.005, seed })
  return {
    name: 'student-ensemble',
    data: { name: 'mnist', limit: 1000, seed },
    ...arm,
    train: { ...train, optimizer: { ...train.optimizer, groups: [{ match: 'adapter:*', learningRate: 0.0025 }] } },
    evaluate,
  }
}

const family = {
  model: 'multi-branch',
  params: { family: 'cnn', params: { filters: FILTERS }, split: 'stage1', branches: WIDTHS.length, widths: WIDTHS },
}
const nameOf = (/** @type {number} */ width) => `alone-${width * 100}`

/** The first stage is as wide for all. @param {number} width */
const alone = (width) => ({
  name: nameOf(width),
  title: `width ${width} by itself`,
  spec: (/** @type {number} */ seed) => {
    const [first = 0, ...rest] = FILTERS
    const filters = [first, ...rest.map((count) => Math.floor(count * width))]
    const { train, ...others } = job(seed, { student: { model: 'cnn', params: { filters } }, ...labelsOnly })
    const { groups: _, ...optimizer } = train.optimizer
    return { ...others, train: { ...train, optimizer } }
  },
})

/** @param {number} width @param {number} i branch, counted from 0 */
const accuracyAt = (width, i) => ({
  name: `accuracy-${width * 100}`,
  title: `test accuracy at width ${width}`,
  better: /** @type {const} */ ('higher'),
  percent: true,
  arms: ['ensemble', nameOf(width)],
  value: (/** @type {import('../measures.mjs').Run} */ { arm, metrics, evaluation }) => {
    const deployed = arm !== 'ensemble' || i === WIDTHS.length - 1
    return deployed ? required('accuracy', metrics) : required(`student:branch${i + 1}.logits.accuracy`, evaluation)
  },
})

const FIRST_WEIGHTS = 'a student with four branches has other weights to begin with than one without'

/** @param {number} width */
const against = (width) => ({
  metric: `accuracy-${width * 100}`,
  of: 'ensemble',
  against: nameOf(width),
  differs: { initialWeights: FIRST_WEIGHTS },
})

export const experiment = {
  idea: 'A network and thinner copies of it share their first layers and train together. All learn from the mean of their answers, and the thin ones also copy the maps of the full one. One training gives models of every size.',
  question: 'Is a thin network better when it trains inside the ensemble than by itself?',
  setting:
    'MNIST, 1,000 training images; CNN of 8, 16 and 32 filters, of which four branches share the first stage and have 1, 0.75, 0.5 and 0.25 of the filters behind it; 600 updates of 50 images, Adam at 0.005 (adapters 0.0025), cosine schedule; weights 0.7 (labels), 0.15 (maps of stage 2 and 3) and 0.15 (mean answer), T = 2. The controls have the same layers, first stage included, and train by themselves with the labels.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    ...[...WIDTHS].reverse().map(alone),
    {
      name: 'ensemble',
      title: 'student-ensemble',
      spec: (/** @type {number} */ seed) => job(seed, { student: family, method: studentEnsemble(WIDTHS.length) }),
    },
  ],
  metrics: WIDTHS.map(accuracyAt).reverse(),
  mustShow: [
    {
      claim: "0.25 student's accuracy higher inside the ensemble.",
      rule: /** @type {const} */ ('mean-and-most'),
      ...against(0.25),
    },
    ...[0.5, 0.75, 1].map((width) => ({
      claim: `The same at width ${width}.`,
      rule: /** @type {const} */ ('report'),
      ...against(width),
    })),
  ],
  common: (/** @type {any} */ { teacher: _, student, ...job }) => ({
    ...job,
    // behind the first stage the common student is the half-wide one of three
    student: {
      model: 'multi-branch',
      params: { family: 'cnn', params: { filters: [4, 16] }, split: 'stage1', branches: 3, widths: [1, 0.75, 0.5] },
    },
    method: studentEnsemble(3),
  }),
  commonNote: 'no teacher: the student is the half-wide branch of a network of 4 and 16 filters',
  commonDiffers: { initialWeights: FIRST_WEIGHTS },
  remarks:
    'In substance it is a tie: the first three seeds were one, and with the two more that make up the usual five the mean is above 0 by next to nothing. The thin student differs more from seed to seed than the wide ones. In the ensemble it shares its first stage with three wider students, alone it has it for itself; whether that is the reason was not tried.',
}
