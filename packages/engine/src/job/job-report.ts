// report.json: the job's numbers with what they were made from, for people and for audits.
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import type { ResultMetrics } from './job-metrics.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'
import { lineageOf } from './lineage.ts'
import type { WrittenExport } from './written-export.ts'

export interface JobReport {
  readonly metrics: ResultMetrics
  readonly scores: ClassificationScores
  readonly teachers: readonly JobTeacher[]
  readonly exports: readonly WrittenExport[]
  /** Networks that the method hands out beside the one it deploys, by name. */
  readonly also: Readonly<Record<string, OtherNetwork>>
}

interface OtherNetwork {
  readonly accuracy: number
  readonly nll: number
  readonly params: number
  readonly macs?: number
  readonly exports: readonly WrittenExport[]
}

const REPORT_FORMAT = 1

/** Plain JSON. */
export function jobReport(
  run: JobRun,
  { metrics, scores, teachers, exports, also }: JobReport,
): Record<string, unknown> {
  const { spec } = run.request
  const lineage = lineageOf(run, teachers)
  return {
    format: REPORT_FORMAT,
    name: spec.name,
    evaluatedOn: { split: spec.evaluate.split, samples: run.evaluateOn.indices.length },
    latencyOf: 'model.predict on one sample, answer read back',
    metrics,
    perClass: scores.confusion.map((row, label) => perClass(row, label)),
    confusion: scores.confusion,
    trainings: Object.fromEntries([...run.finished].map(([phase, { result }]) => [phase, result])),
    exports,
    ...(Object.keys(also).length > 0 && { also }),
    lineage: {
      ...lineage,
      teachers: lineage.teachers.map((teacher, i) => ({
        ...teacher,
        reused: run.finished.get(`teacher-${i}`)?.result.reused ?? true,
      })),
    },
  }
}

function perClass(row: readonly number[], label: number) {
  const samples = row.reduce((sum, count) => sum + count, 0)
  return { class: label, samples, accuracy: samples === 0 ? null : (row[label] ?? 0) / samples }
}
