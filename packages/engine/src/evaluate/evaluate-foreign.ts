// Scores of a model that is no network of ours, on a view.
import type { ForeignModel } from '../teachers/foreign-model.ts'
import { type ClassificationScores, classificationScores } from './classification-scores.ts'
import { type AnswerView, answerView, type PredictProgress } from './predict-logits.ts'

export interface EvaluateForeign extends Omit<AnswerView, 'answer'> {
  readonly model: ForeignModel
}

/** Yields after each batch. @returns the scores, or null when the signal ended it */
export async function* evaluateForeign(
  request: EvaluateForeign,
): AsyncGenerator<PredictProgress, ClassificationScores | null> {
  const { model, view, signature } = request
  const answer = async (samples: Float32Array, count: number) =>
    (await model.run(samples, count, ['logits']))['logits'] as Float32Array
  const logits = yield* answerView({ ...request, answer })
  return logits && classificationScores(logits, view.labels, signature.classes)
}
