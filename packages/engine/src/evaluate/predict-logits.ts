// A network's answers for a whole view, batch by batch, with a break after each: a long pass must not keep the process
// from hearing that it shall stop.
import { setImmediate } from 'node:timers/promises'
import type { Network } from '../contracts/network.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Tensor, Tf } from '../contracts/tf.ts'
import type { SampleView } from '../data/data-views.ts'
import { readSamples } from '../data/read-samples.ts'
import { createPredictor } from './create-predictor.ts'

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

/** A whole view, answered by a function. */
export interface PredictWith extends Omit<PredictLogits, 'network' | 'compile'> {
  /** x [B, …inputShape] → logits [B, K]; called inside tf.tidy. */
  predict(x: Tensor): Tensor
}

/**
 * Yields after each batch.
 * @returns logits [N, K] in the order of the view, remainder included; null when the signal ended it
 */
export async function* predictLogits(request: PredictLogits): AsyncGenerator<PredictProgress, Float32Array | null> {
  const { tf, network, view, signature, batchSize } = request
  const compile = request.compile && view.indices.length >= COMPILE_FROM * batchSize
  const predictor = createPredictor({ tf, network, shape: [batchSize, ...signature.inputShape], compile })
  try {
    return yield* predictWith({ ...request, predict: predictor.predict })
  } finally {
    predictor.dispose()
  }
}

/** As `predictLogits`, for what is not a network: a model that was written and loaded back. */
export function predictWith(request: PredictWith): AsyncGenerator<PredictProgress, Float32Array | null> {
  const { tf, signature, predict } = request
  return answerView({
    ...request,
    answer: (samples, count) =>
      tf.tidy(() => {
        const x = tf.tensor(samples, [count, ...signature.inputShape], 'float32')
        return predict(x).dataSync() as Float32Array
      }),
  })
}

export interface AnswerView extends Pick<PredictLogits, 'view' | 'signature' | 'batchSize' | 'signal'> {
  /** Samples one after another → logits [count, K]. */
  answer(samples: Float32Array, count: number): Float32Array | Promise<Float32Array>
}

/** The walk over a view that every kind of model is asked by; yields and returns as `predictLogits`. */
export async function* answerView(request: AnswerView): AsyncGenerator<PredictProgress, Float32Array | null> {
  const { view, signature, batchSize, signal, answer } = request
  const total = view.indices.length
  const logits = new Float32Array(total * signature.classes)
  for (let start = 0; start < total; start += batchSize) {
    await setImmediate()
    if (signal.aborted) return null
    const indices = view.indices.subarray(start, Math.min(start + batchSize, total))
    logits.set(await answer(samplesAt(request, indices), indices.length), start * signature.classes)
    yield { done: start + indices.length, total }
  }
  return logits
}

function samplesAt({ view, signature }: AnswerView, indices: Int32Array): Float32Array {
  const into = new Float32Array(signature.inputShape.reduce((product, axis) => product * axis, indices.length))
  readSamples({ split: view.split, indices, into, normalise: view.normalise })
  return into
}
