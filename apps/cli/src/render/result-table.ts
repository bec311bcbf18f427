// The table that ends a job: teacher, student and the control side by side, then what was gained.
import type { Job } from '@stillhouse/spec'
import { bytes, count, milliseconds, percent } from './format.ts'
import { table } from './table.ts'

type Metrics = Readonly<Record<string, number>>

function cell(metrics: Metrics, name: string, format: (value: number) => string): string {
  const value = metrics[name]
  return value === undefined ? '–' : format(value)
}

function modelRow(title: string, metrics: Metrics, prefix: string): string[] {
  return [
    title,
    cell(metrics, `${prefix}accuracy`, percent),
    cell(metrics, `${prefix}params`, count),
    cell(metrics, `${prefix}size.bytes`, bytes),
    cell(metrics, `${prefix}latency.p50Ms`, milliseconds),
    cell(metrics, `${prefix}latency.p95Ms`, milliseconds),
  ]
}

/** Teacher, student and (when it was run) the same student trained without a teacher. */
export function resultTable(job: Job): string {
  const metrics = job.result?.metrics ?? {}
  const rows = [
    ...(metrics['teacher.accuracy'] === undefined ? [] : [modelRow('teacher', metrics, 'teacher.')]),
    modelRow(metrics['teacher.accuracy'] === undefined ? 'student' : 'student (distilled)', metrics, ''),
    ...(metrics['baseline.accuracy'] === undefined ? [] : [controlRow(metrics)]),
  ]
  const header = ['', 'accuracy', 'parameters', 'size on disk', 'latency p50', 'latency p95']
  return [table(header, rows), '', compression(metrics), ...gateLines(job)]
    .filter((line) => line !== undefined)
    .join('\n')
}

/** The control is the student's network with other weights: only its accuracy is a measurement of its own. */
function controlRow(metrics: Metrics): string[] {
  return ['student without teacher', cell(metrics, 'baseline.accuracy', percent), 'same', 'same', 'same', 'same']
}

function compression(metrics: Metrics): string | undefined {
  const params = metrics['compression.params']
  const size = metrics['compression.size']
  if (params === undefined || size === undefined) return undefined
  return `compression: ${params.toFixed(1)}× fewer parameters, ${size.toFixed(1)}× smaller on disk`
}

function gateLines(job: Job): string[] {
  const gates = job.result?.gates ?? []
  if (gates.length === 0) return []
  const lines = gates.map(
    (gate) => `  ${gate.passed ? '✓' : '✗'} ${gate.metric} ${gate.condition}   (${gate.actual ?? 'not measured'})`,
  )
  return [`gates: ${job.verdict}`, ...lines]
}
