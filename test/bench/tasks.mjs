// What the single-step parts compute: two pairs of networks and one way of training, told once for all competitors.

/**
 * @typedef {{model: string, params: Record<string, unknown>}} ModelChoice
 * @typedef {{
 *   name: string,
 *   title: string,
 *   inputShape: number[],
 *   classes: number,
 *   batchSize: number,
 *   teacher: ModelChoice,
 *   student: ModelChoice,
 *   temperature: number,
 *   alpha: number,
 *   learningRate: number,
 *   momentum: number,
 *   weightDecay: number,
 *   pool: number,
 * }} Task `pool`: different batches that the steps go through in turn
 */

const TRAINING = {
  classes: 10,
  batchSize: 64,
  temperature: 4,
  alpha: 0.9,
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 5e-4,
  pool: 8,
}

/** @type {Record<'resnet' | 'cnn', Task>} */
export const TASKS = {
  resnet: {
    ...TRAINING,
    name: 'resnet',
    title: 'ResNet-56 teaches ResNet-8, 32×32×3',
    inputShape: [32, 32, 3],
    teacher: { model: 'resnet', params: { depth: 56, width: 16 } },
    student: { model: 'resnet', params: { depth: 8, width: 16 } },
  },
  cnn: {
    ...TRAINING,
    name: 'cnn',
    title: 'a plain CNN teaches a small one, 28×28×1',
    inputShape: [28, 28, 1],
    teacher: { model: 'cnn', params: { filters: [32, 64], dense: 256 } },
    student: { model: 'cnn', params: { filters: [8, 16] } },
  },
}
