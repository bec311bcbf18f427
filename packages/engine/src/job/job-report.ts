// report.json: the job's numbers with what they were made from, for people and for audits.
import { canonicalJson } from '@stillhouse/spec'
import { sha256 } from '../checkpoint/checkpoint-manifest.ts'
import { ENGINE_VERSION } from '../engine-version.ts'
import type { ClassificationScores } from '../evaluate/classification-scores.ts'
import type { ResultMetrics } from './job-metrics.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'
import type { WrittenExport } from './write-exports.ts'

export interface JobReport {
  readonly metrics: ResultMetrics
  readonly scores: ClassificationScores
  readonly teachers: readonly JobTeacher[]
  readonly exports: readonly WrittenExport[]
}

const REPORT_FORMAT = 1

/** Plain JSON. */
export function jobReport(run: JobRun, { metrics, scores, teachers, exports }: JobReport): Record<string, unknown> {
  const { spec } = run.request
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
    lineage: lineage(run, teachers),
  }
}

function perClass(row: readonly number[], label: number) {
  const samples = row.reduce((sum, count) => sum + count, 0)
  return { class: label, samples, accuracy: samples === 0 ? null : (row[label] ?? 0) / samples }
}

function lineage(run: JobRun, teachers: readonly JobTeacher[]) {
  const { tf, spec } = run.request
  return {
    specSha256: sha256(canonicalJson(spec)),
    fingerprint: run.fingerprint,
    data: { ...spec.data, digest: run.dataset.digest, trainedOn: run.views.train.indices.length },
    teachers: teachers.map(({ own, source }, i) => ({
      ...(own && { key: own.key }),
      ...source,
      reused: run.finished.get(`teacher-${i}`)?.result.reused ?? true,
    })),
    versions: {
      engine: ENGINE_VERSION,
      node: process.versions.node,
      tfjs: tf.version.tfjs,
      tensorflow: nativeVersion(tf),
    },
  }
}

/** Version of the native library; null on another backend. */
function nativeVersion(tf: JobRun['request']['tf']): string | null {
  const backend = tf.backend() as unknown as { binding?: { TF_Version?: string } }
  return backend.binding?.TF_Version ?? null
}
