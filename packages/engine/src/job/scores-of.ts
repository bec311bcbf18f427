// The scores of a network whose weights are final, measured once.
import type { Network } from '../contracts/network.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import { evaluateNetwork } from '../evaluate/evaluate-network.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import type { JobRun } from './job-run.ts'
import { JobStopped } from './job-stopped.ts'
import { evaluationRequest } from './run-phase.ts'

/** Those of the last evaluation, or of one made now. @throws JobStopped */
export async function* scoresOf(
  run: JobRun,
  progress: ProgressLog,
  network: Network,
): AsyncGenerator<JobEvent, ClassificationScores> {
  const known = run.scores.get(network)
  if (known !== undefined) return known
  const scores = yield* telling(progress, evaluateNetwork(evaluationRequest(run, network)))
  run.scores.set(network, scores)
  return scores
}

/** Runs an evaluation, with signs of life. @throws JobStopped */
export async function* telling(
  progress: ProgressLog,
  pass: AsyncGenerator<PredictProgress, ClassificationScores | null>,
): AsyncGenerator<JobEvent, ClassificationScores> {
  for (;;) {
    const next = await pass.next()
    if (next.done !== true) {
      const event = progress.ofPass('evaluate', next.value.done, next.value.total)
      if (event !== null) yield event
      continue
    }
    if (next.value === null) throw new JobStopped()
    return next.value
  }
}
