// What the experiments with branched students share: one small network, alone or grown to several branches, and the scores
// of its branches.
import { required } from './measures.mjs'
import { evaluate, training } from './settings.mjs'
import { mean } from './statistics.mjs'

/** The small network of these experiments: three stages, the last with maps of 3×3 on MNIST. */
export const SMALL = { model: 'cnn', params: { filters: [4, 8, 16] } }

/**
 * A student of the family multi-branch: all but the last stage and what follows it is shared.
 * @param {{model: string, params: {filters: readonly number[]}}} network @param {number} branches
 */
export const branched = ({ model, params }, branches) => ({
  model: 'multi-branch',
  params: { family: model, params, split: `stage${params.filters.length - 1}`, branches },
})

/** 1,000 labelled images of MNIST. @param {number} seed @param {object} given student, method, peers, `augment` and `ema` of train */
export const mnist1k = (seed, { augment, ema, ...given }) => ({
  name: 'mnist-1k',
  data: { name: 'mnist', limit: 1000, seed },
  ...given,
  train: {
    ...training({ steps: 600, batchSize: 32, learningRate: 0.005, seed }),
    ...(augment && { augment }),
    ...(ema && { ema }),
  },
  evaluate,
})

export const MNIST_1K =
  'MNIST, 1,000 labelled images, 10,000 test images; small CNN 4-8-16; 600 updates of 32 samples, Adam at 0.005, cosine schedule'

/** Why a branched student cannot begin where a single one does. */
export const BRANCHED = {
  initialWeights: 'a branched student has layers that a single one does not have, so its first weights are others',
}

/**
 * Mean of a score over all branches of a student whose first is deployed.
 * @param {string} score @param {number} branches @param {Record<string, number>} evaluation
 */
export const overBranches = (score, branches, evaluation) =>
  mean(
    Array.from({ length: branches }, (_, i) =>
      required(i === 0 ? score : `student:branch${i + 1}.logits.${score}`, evaluation),
    ),
  )
