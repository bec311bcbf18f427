// A network's answers for a whole view, batch by batch, with a break after each: a long pass must not keep the process
// from hearing that it shall stop.
import { setImmediate } from 'node:timers/promises'
import type { Network } from '../contracts/network.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Tf } from '../contracts/tf.ts'
import type { SampleView } from '../data/data-views.ts'
import { createPredictor, type Predictor } from './create-predictor.ts'

/** Whole batches from which tracing a frozen network pays. */
const COMPILE_FROM = 8

export interface PredictLogits {
  readonly tf: Tf
  readonly network: Network
  readonly view: SampleView
  readonly signature: Signature
  readonly batchSize: number
  /** Whether a frozen network may be traced. */
  readonly compile: boolean
  readonly signal: AbortSignal
}

export interface PredictProgress {
  readonly done: number
  readonly total: number
}

/**
 * Yields after each batch.
 * @returns logits [N, K] in the order of the view, remainder included; null when the signal ended it
 */
export async function* predictLogits(request: PredictLogits): AsyncGenerator<PredictProgress, Float32Array | null> {
  const { tf, network, view, signature, batchSize, signal } = request
  const total = view.indices.length
  const logits = new Float32Array(total * signature.classes)
  const compile = request.compile && total >= COMPILE_FROM * batchSize
  const predictor = createPredictor({ tf, network, shape: [batchSize, ...signature.inputShape], compile })
  try {
    for (let start = 0; start < total; start += batchSize) {
      await setImmediate()
      if (signal.aborted) return null
      const indices = view.indices.subarray(start, Math.min(start + batchSize, total))
      logits.set(predictBatch(request, predictor, indices), start * signature.classes)
      yield { done: start + indices.length, total }
    }
    return logits
  } finally {
    predictor.dispose()
  }
}

function predictBatch({ tf, view, signature }: PredictLogits, predictor: Predictor, indices: Int32Array): Float32Array {
  const sampleSize = signature.inputShape.reduce((product, axis) => product * axis, 1)
  const samples = new Float32Array(indices.length * sampleSize)
  view.split.read(indices, samples)
  return tf.tidy(() => {
    const x = tf.tensor(samples, [indices.length, ...signature.inputShape], 'float32')
    return predictor.predict(x).dataSync() as Float32Array
  })
}
