// Multi-view contrastive online distillation: three branches against one network by itself, what the contrast alone is worth,
// and whether the branch that is deployed has samples of a class lie together.
import { accuracy } from '../measures.mjs'
import { nearestNeighbourAccuracy } from '../nearest-neighbours.mjs'
import { evaluate, labelsOnly, training } from '../settings.mjs'

const cnn = { model: 'cnn', params: { filters: [8, 16] } }
const BRANCHES = 3
/** The paper's 0.025 is for the 12 pairs of four branches. */
const BETA = (0.025 * 12) / (BRANCHES * (BRANCHES - 1))

/** @param {{family: string, params: object}} base */
const branched = ({ family, params }) => ({
  model: 'multi-branch',
  params: { family, params, split: 'stage1', branches: BRANCHES },
})

/** @param {number} alpha */
const mclOkd = (alpha) => ({ name: 'mcl-okd', params: { alpha, beta: BETA, dim: 32, negatives: 128 } })

/** @param {object} arm student, method, peers */
const arm = (arm) => (/** @type {number} */ seed) => ({
  name: 'mcl-okd',
  data: { name: 'mnist', limit: 1000, seed },
  ...arm,
  train: training({ steps: 600, batchSize: 50, learningRate: 0.005, seed }),
  evaluate,
})

const three = branched({ family: 'cnn', params: cnn.params })
const FIRST_WEIGHTS = 'a student with three branches has other weights to begin with than one without'

export const experiment = {
  idea: 'The embeddings of a picture by several branches of one network are views of it. Each branch is to find the picture again in the memory of another branch, among pictures of other classes. The mean of all answers teaches the last branch, which is deployed.',
  question: 'Is a branch that learnt with two others better than the same network by itself?',
  setting:
    'MNIST, 1,000 training images; CNN of 8 and 16 filters, in three branches behind its first stage; 600 updates of 50 images, Adam at 0.005, cosine schedule. Embeddings of 32 numbers, 128 images of other classes; beta 0.05, the paper’s 0.025 times 12 pairs over 6. The control and the deployed last branch have the same layers. dml: three such networks that share nothing. Neighbours: by the features before the logits (the embedding layer itself is thrown away after training), compared by their cosine; the 5 nearest of the 1,000 training images vote on the first 2,000 test images.',
  tuned:
    'not tuned. A first run, with 32 dense units before the logits, was broken off: at this rate most of them, or all, died, in the control as well as with dml',
  seeds: 3,
  arms: [
    { name: 'labels', title: 'one network, labels only', spec: arm({ student: cnn, ...labelsOnly }) },
    {
      name: 'dml',
      title: 'dml, three networks',
      spec: arm({ student: cnn, peers: [cnn, cnn], method: { name: 'dml', params: { temperature: 1 } } }),
    },
    { name: 'contrast', title: 'contrast only (alpha 0)', spec: arm({ student: three, method: mclOkd(0) }) },
    { name: 'mcl-okd', title: 'mcl-okd', spec: arm({ student: three, method: mclOkd(1) }) },
  ],
  metrics: [
    accuracy,
    {
      name: 'neighbours',
      title: 'accuracy of the 5 nearest neighbours, test images',
      better: /** @type {const} */ ('higher'),
      percent: true,
      value: neighbours,
    },
  ],
  mustShow: [
    {
      claim: "Last peer's accuracy higher than that of a single CNN with CE.",
      metric: 'accuracy',
      of: 'mcl-okd',
      against: 'labels',
      rule: 'mean-and-most',
      differs: { initialWeights: FIRST_WEIGHTS },
    },
    {
      claim: "5-NN accuracy in the last peer's embedding higher than in the baseline's penultimate space.",
      metric: 'neighbours',
      of: 'mcl-okd',
      against: 'labels',
      rule: 'mean-and-most',
      differs: { initialWeights: FIRST_WEIGHTS },
    },
    { claim: 'DML against CE.', metric: 'accuracy', of: 'dml', against: 'labels', rule: 'report' },
    {
      claim: 'MCL only (alpha 0) against CE.',
      metric: 'accuracy',
      of: 'contrast',
      against: 'labels',
      rule: 'report',
      differs: { initialWeights: FIRST_WEIGHTS },
    },
    {
      claim: 'MCL only (alpha 0) against CE, 5-NN accuracy.',
      metric: 'neighbours',
      of: 'contrast',
      against: 'labels',
      rule: 'report',
      differs: { initialWeights: FIRST_WEIGHTS },
    },
    {
      claim: 'All of it against DML.',
      metric: 'accuracy',
      of: 'mcl-okd',
      against: 'dml',
      rule: 'report',
      differs: { initialWeights: FIRST_WEIGHTS },
    },
  ],
  common: (/** @type {any} */ { teacher: _, student, ...job }) => ({
    ...job,
    student: branched({ family: student.model, params: student.params }),
    method: mclOkd(1),
  }),
  commonNote: 'no teacher: the student in three branches behind its first stage; the last one counts',
  commonDiffers: { initialWeights: FIRST_WEIGHTS },
}

/** @param {import('../measures.mjs').Run} run */
async function neighbours({ arm: name, probe }) {
  const layer = name === 'labels' || name === 'dml' ? 'features' : `branch${BRANCHES}-features`
  /** @param {import('../probe.mjs').On} on */
  const labelled = async (on) => ({ features: await probe.deployed(layer, on), labels: probe.labels(on) })
  return nearestNeighbourAccuracy(5, await labelled({ split: 'job' }), await labelled({ samples: 2000 }))
}
