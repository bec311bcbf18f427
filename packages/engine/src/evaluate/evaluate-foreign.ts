// Scores of a model that is no network of ours, on a view.
import { setImmediate } from 'node:timers/promises'
import type { Signature } from '../contracts/shelf.ts'
import type { SampleView } from '../data/data-views.ts'
import { readSamples } from '../data/read-samples.ts'
import type { ForeignModel } from '../teachers/foreign-model.ts'
import { type ClassificationScores, classificationScores } from './classification-scores.ts'
import type { PredictProgress } from './predict-logits.ts'

export interface EvaluateForeign {
  readonly model: ForeignModel
  readonly view: SampleView
  readonly signature: Signature
  readonly batchSize: number
  readonly signal: AbortSignal
}

/** Yields after each batch. @returns the scores, or null when the signal ended it */
export async function* evaluateForeign(
  request: EvaluateForeign,
): AsyncGenerator<PredictProgress, ClassificationScores | null> {
  const { view, signature, batchSize, signal } = request
  const total = view.indices.length
  const logits = new Float32Array(total * signature.classes)
  for (let start = 0; start < total; start += batchSize) {
    await setImmediate()
    if (signal.aborted) return null
    const indices = view.indices.subarray(start, Math.min(start + batchSize, total))
    logits.set(await answers(request, indices), start * signature.classes)
    yield { done: start + indices.length, total }
  }
  return classificationScores(logits, view.labels, signature.classes)
}

async function answers({ model, view, signature }: EvaluateForeign, indices: Int32Array): Promise<Float32Array> {
  const size = signature.inputShape.reduce((product, axis) => product * axis, indices.length)
  const samples = new Float32Array(size)
  readSamples({ split: view.split, indices, into: samples, normalise: view.normalise })
  const outputs = await model.run(samples, indices.length, ['logits'])
  return outputs['logits'] as Float32Array
}
