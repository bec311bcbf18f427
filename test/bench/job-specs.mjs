// The jobs of parts 3 to 5. Part 3: a ResNet-20 teaches a ResNet-8 on MNIST.

const optimizer = { name: 'sgd', learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4, decayNormAndBias: true }
const BATCH = 128

/** @param {number} train @param {number} [test] where accuracy is of no interest, the evaluation should not take time */
const mnist = (train, test = 500) => ({ name: 'mnist', params: { train, test } })
const quiet = { checkpointSeconds: 3600 }
const evaluate = { everyEpochs: 0, latencyRuns: 0 }

/** @typedef {{samples: number, testSamples: number}} Sizes of the training and the test set */

/** Trains the teacher that part 3 distils; its own student is there because a job has one. @param {Sizes} sizes */
export function teacherJob({ samples, testSamples }) {
  return {
    name: 'bench-teacher',
    data: mnist(samples, testSamples),
    teacher: { model: 'resnet', params: { depth: 20 }, train: { epochs: 1, batchSize: BATCH, optimizer, ...quiet } },
    student: { model: 'mlp', params: { hidden: [8] } },
    method: { name: 'kd' },
    train: { steps: 1, batchSize: BATCH, optimizer, ...quiet },
    evaluate,
  }
}

/** @param {Sizes & {epochs: number, teacherCache: 'on' | 'off'}} options */
export function distillationJob({ samples, testSamples, epochs, teacherCache }) {
  return {
    name: `bench-${teacherCache}`,
    data: mnist(samples, testSamples),
    // Answered with the teacher's folder, whatever the id.
    teacher: { from: { upload: '0'.repeat(64) } },
    student: { model: 'resnet', params: { depth: 8 } },
    method: { name: 'kd', params: { temperature: 4, alpha: 0.9 } },
    train: { epochs, batchSize: BATCH, optimizer, teacherCache, seed: 1, ...quiet },
    evaluate,
  }
}

/** The same for torchdistill, in its own words. @param {Sizes & {epochs: number, cached: boolean}} options */
export function torchdistillSettings({ samples, testSamples, epochs, cached }) {
  const { learningRate: lr, momentum, weightDecay } = optimizer
  const loss = { temperature: 4, ceWeight: 0.1, kdWeight: 0.9 }
  return { samples, testSamples, epochs, cached, workers: 0, batchSize: BATCH, lr, momentum, weightDecay, ...loss }
}

/** Everything that an everyday job does to a sample. */
const AUGMENT = { shift: 2, flip: true, cutout: 8 }

/** @param {{teacher: object, student: object, steps: number, threads: number}} options */
export function pipelineJob({ teacher, student, steps, threads }) {
  return {
    name: 'bench-pipeline',
    data: mnist(60_000),
    teacher: { ...teacher, train: { steps: 1, batchSize: BATCH, optimizer, ...quiet } },
    student,
    method: { name: 'kd' },
    train: { steps, batchSize: BATCH, optimizer, augment: AUGMENT, teacherCache: 'off', ...quiet },
    evaluate,
    resources: { loaderThreads: threads },
  }
}

/** Short steps, so that ten thousand of them take minutes. @param {number} steps */
export function longJob(steps) {
  return {
    name: 'bench-memory',
    data: mnist(60_000),
    teacher: { model: 'cnn', params: { filters: [16, 32] }, train: { steps: 1, batchSize: 64, optimizer, ...quiet } },
    student: { model: 'cnn', params: { filters: [8, 16] } },
    method: { name: 'kd' },
    train: { steps, batchSize: 64, optimizer, augment: AUGMENT, ...quiet },
    evaluate,
  }
}
