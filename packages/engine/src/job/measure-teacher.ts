// What the (first) teacher of a job is worth, whatever kind of model it is.
import type { Architecture } from '../contracts/architecture.ts'
import type { Network } from '../contracts/network.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import { evaluateForeign } from '../evaluate/evaluate-foreign.ts'
import { countParams } from '../network/count-params.ts'
import type { ForeignModel } from '../teachers/foreign-model.ts'
import type { ProgressLog } from './create-progress-log.ts'
import type { JobEvent } from './job-event.ts'
import type { Measured } from './job-metrics.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'
import { latencyOf, networkRunner } from './latency-of.ts'
import { scoresOf, telling } from './scores-of.ts'
import { sizeInFirstFormat } from './write-exports.ts'

/** A teacher whose scores are known. */
export interface ScoredTeacher {
  readonly scores: ClassificationScores
  readonly network: Network | null
  readonly foreign: ForeignModel | null
}

interface ScoreTeacher {
  readonly teacher: JobTeacher | undefined
  /** Networks of the plan: a teacher that the method trained is one of them. */
  readonly described: ReadonlyMap<Network, Architecture>
}

/** @returns null without a teacher @throws JobStopped */
export async function* scoreTeacher(
  run: JobRun,
  progress: ProgressLog,
  { teacher, described }: ScoreTeacher,
): AsyncGenerator<JobEvent, ScoredTeacher | null> {
  if (teacher === undefined) return null
  const network = teacher.network ?? [...described.keys()].find(({ role }) => role === teacher.role) ?? null
  if (network !== null) return { scores: yield* scoresOf(run, progress, network), network, foreign: null }
  const foreign = teacher.foreign?.model ?? null
  if (foreign === null) return null
  const { request, job, evaluateOn: view } = run
  const { batchSize } = job.spec.evaluate
  const pass = evaluateForeign({ model: foreign, view, signature: job.signature, batchSize, signal: request.signal })
  return { scores: yield* telling(progress, pass), network: null, foreign }
}

export async function measureTeacher(run: JobRun, { scores, network, foreign }: ScoredTeacher): Promise<Measured> {
  if (network !== null) {
    const latency = await latencyOf(run, networkRunner(run.request.tf, network))
    return { scores, params: countParams(network), latency, bytes: await sizeInFirstFormat(run, network.model) }
  }
  const latency = await latencyOf(run, async (sample) => void (await foreign?.run(sample, 1, ['logits'])))
  return { scores, params: foreign?.params ?? null, latency, bytes: null }
}
