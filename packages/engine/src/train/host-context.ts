// What host code of a method may look at between stages.
import type { HostContext } from '../contracts/method.ts'
import { predictLogits } from '../evaluate/predict-logits.ts'
import type { TrainRun } from './train-run.ts'
import { TrainingStopped } from './training-stopped.ts'

export function hostContext(run: TrainRun): HostContext {
  const { tf, samples, validation, evaluateBatchSize: batchSize, signal } = run
  return {
    read: (variable) => (variable.dataSync() as Float32Array).slice(),
    logits: async (network, on) => {
      const view = on === 'validation' ? (validation ?? samples.view) : samples.view
      const { signature } = samples
      const pass = predictLogits({ tf, network, view, signature, batchSize, compile: false, signal })
      for (;;) {
        const next = await pass.next()
        if (next.done !== true) continue
        if (next.value === null) throw new TrainingStopped()
        return { logits: next.value, labels: view.labels }
      }
    },
  }
}
