// The numbers a job ends with, under the names that gates use. What does not apply to a job is left out.
import type { ResultMetric } from '@stillhouse/spec'
import type { ArchitectureDescription } from '../architecture/describe-architecture.ts'
import { agreement, type ClassificationScores } from '../evaluate/classification-scores.ts'
import type { Latency } from '../evaluate/measure-latency.ts'
import type { WrittenExport } from './written-export.ts'

/** One model, measured. */
export interface Measured {
  readonly scores: ClassificationScores
  /** Null where it cannot be known. */
  readonly params: number | null
  /** Null when `evaluate.latencyRuns` is 0. */
  readonly latency: Latency | null
  /** In the first export format; null where it cannot be written in it. */
  readonly bytes: number | null
}

export interface MeasuredJob {
  readonly student: Measured & { readonly params: number; readonly bytes: number }
  readonly classes: number
  /** Null when it is not known. */
  readonly description: Pick<ArchitectureDescription, 'macs'> | null
  /** The first teacher. */
  readonly teacher: Measured | null
  readonly baseline: ClassificationScores | null
  /** At least one. */
  readonly exports: readonly Pick<WrittenExport, 'accuracy' | 'agreement'>[]
}

export type ResultMetrics = Partial<Record<ResultMetric, number>>

export function jobMetrics({ student, classes, description, teacher, baseline, exports }: MeasuredJob): ResultMetrics {
  const { accuracy, top5, nll, ece } = student.scores
  const own: ResultMetrics = {
    accuracy,
    ...(classes > 5 && { 'accuracy.top5': top5 }),
    nll,
    ece,
    params: student.params,
    'size.bytes': student.bytes,
    ...(student.latency && { 'latency.p50Ms': student.latency.p50Ms, 'latency.p95Ms': student.latency.p95Ms }),
    ...(description && { macs: description.macs }),
    'export.accuracy.min': Math.min(...exports.map((one) => one.accuracy)),
    'export.agreement.min': Math.min(...exports.map((one) => one.agreement)),
  }
  return {
    ...own,
    ...(teacher && versusTeacher(student, teacher)),
    ...(baseline && versusBaseline(accuracy, baseline)),
  }
}

function versusTeacher(student: MeasuredJob['student'], teacher: Measured): ResultMetrics {
  const { accuracy, nll, predictions } = teacher.scores
  const { params, bytes } = teacher
  return {
    agreement: agreement(student.scores.predictions, predictions),
    accuracyDropVsTeacher: accuracy - student.scores.accuracy,
    ...(params !== null && { 'compression.params': params / student.params, 'teacher.params': params }),
    ...(bytes !== null && { 'compression.size': bytes / student.bytes, 'teacher.size.bytes': bytes }),
    'teacher.accuracy': accuracy,
    'teacher.nll': nll,
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
