// Which of its exports a job gives to a later job as a teacher: submit and hand-over must not disagree about it.
import type { ExportSpec, JobSpec } from './job-spec.ts'

/** Format of the models that jobs take as teachers. */
export const MODEL_FORMAT = 'tfjs-layers'

/** Formats of models that users may send as teachers. All but the first are graphs, which is to say programs. */
export const MODEL_FORMATS = [MODEL_FORMAT, 'tfjs-graph', 'saved-model', 'onnx'] as const
export type ModelFormat = (typeof MODEL_FORMATS)[number]

/** The format's `weights`, most exact first. */
const EXACTNESS = ['float32', 'uint16', 'float16', 'uint8']

/**
 * Name of the export, its folder below `export/`; null when there is none in that format. One with quantised weights
 * teaches too, as what it answers after quantising, but only where there is no more exact one.
 */
export function modelExport({ export: exports }: Pick<JobSpec, 'export'>): string | null {
  const models = exports.filter(({ format }) => format === MODEL_FORMAT)
  const [best] = models.toSorted((a, b) => exactness(a) - exactness(b))
  return best ? (best.name ?? best.format) : null
}

function exactness({ params }: ExportSpec): number {
  return EXACTNESS.indexOf(String(params?.['weights'] ?? EXACTNESS[0]))
}
