// Job specs of the end-to-end tests: real data, a few seconds of training, frequent checkpoints.

const SMALL_STUDENT = { model: 'mlp', params: { hidden: [16] } }

/** A distillation on optdigits that trains for about `steps` / 300 seconds. */
export function optdigitsJob(name: string, steps: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name,
    data: { name: 'optdigits' },
    teacher: { model: 'mlp', params: { hidden: [64] }, train: { steps: 60, batchSize: 64, checkpointSeconds: 0.3 } },
    student: SMALL_STUDENT,
    method: { name: 'kd' },
    train: {
      steps,
      batchSize: 64,
      optimizer: { name: 'adam', learningRate: 0.003 },
      augment: { shift: 1, noise: 0.05 },
      seed: 7,
      checkpointSeconds: 0.3,
    },
    evaluate: { everyEpochs: 0, latencyRuns: 0 },
    ...more,
  }
}
