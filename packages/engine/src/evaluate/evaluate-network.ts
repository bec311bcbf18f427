// A network's scores on a view.
import { type ClassificationScores, classificationScores } from './classification-scores.ts'
import { type PredictLogits, type PredictProgress, predictLogits } from './predict-logits.ts'

/** Yields after each batch. @returns the scores, or null when the signal ended it */
export async function* evaluateNetwork(
  request: PredictLogits,
): AsyncGenerator<PredictProgress, ClassificationScores | null> {
  const logits = yield* predictLogits(request)
  if (logits === null) return null
  return classificationScores(logits, request.view.labels, request.signature.classes)
}
