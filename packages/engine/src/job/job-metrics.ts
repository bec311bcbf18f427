// The numbers a job ends with, under the names that gates use. What does not apply to a job is left out.
import type { ResultMetric } from '@stillhouse/spec'
import type { ArchitectureDescription } from '../architecture/describe-architecture.ts'
import type { Network } from '../contracts/network.ts'
import { agreement, type ClassificationScores } from '../evaluate/classification-scores.ts'
import type { Latency } from '../evaluate/measure-latency.ts'
import { countParams } from '../network/count-params.ts'

/** One network, measured. */
export interface Measured {
  readonly network: Network
  readonly scores: ClassificationScores
  /** Null when `evaluate.latencyRuns` is 0. */
  readonly latency: Latency | null
  /** In the first export format. */
  readonly bytes: number
}

export interface MeasuredJob {
  readonly student: Measured
  /** Null when it is not known. */
  readonly description: Pick<ArchitectureDescription, 'macs'> | null
  /** The first teacher. */
  readonly teacher: Measured | null
  readonly baseline: ClassificationScores | null
}

export type ResultMetrics = Partial<Record<ResultMetric, number>>

export function jobMetrics({ student, description, teacher, baseline }: MeasuredJob): ResultMetrics {
  const { accuracy, nll, ece } = student.scores
  const own: ResultMetrics = {
    accuracy,
    nll,
    ece,
    params: countParams(student.network),
    'size.bytes': student.bytes,
    ...(student.latency && { 'latency.p50Ms': student.latency.p50Ms, 'latency.p95Ms': student.latency.p95Ms }),
    ...(description && { macs: description.macs }),
  }
  return {
    ...own,
    ...(teacher && versusTeacher(student, teacher)),
    ...(baseline && versusBaseline(accuracy, baseline)),
  }
}

function versusTeacher(student: Measured, teacher: Measured): ResultMetrics {
  const [params, ownParams] = [countParams(teacher.network), countParams(student.network)]
  const { accuracy, nll, predictions } = teacher.scores
  return {
    agreement: agreement(student.scores.predictions, predictions),
    accuracyDropVsTeacher: accuracy - student.scores.accuracy,
    'compression.params': params / ownParams,
    'compression.size': teacher.bytes / student.bytes,
    'teacher.accuracy': accuracy,
    'teacher.nll': nll,
    'teacher.params': params,
    'teacher.size.bytes': teacher.bytes,
    ...(teacher.latency && {
      'teacher.latency.p50Ms': teacher.latency.p50Ms,
      'teacher.latency.p95Ms': teacher.latency.p95Ms,
    }),
  }
}

function versusBaseline(accuracy: number, baseline: ClassificationScores): ResultMetrics {
  return {
    accuracyGainVsBaseline: accuracy - baseline.accuracy,
    'baseline.accuracy': baseline.accuracy,
    'baseline.nll': baseline.nll,
  }
}
