// stillhouse.json, beside every export: what whoever runs the model has to know of it, and where it came from.
import type { Network } from '../contracts/network.ts'
import { countParams } from '../network/count-params.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'
import { lineageOf } from './lineage.ts'
import type { WrittenExport } from './written-export.ts'

export const EXPORT_MANIFEST = 'stillhouse.json'
const MANIFEST_FORMAT = 1

export interface ExportManifest {
  readonly network: Network
  /** Multiply-adds of one sample; null when they are not known. */
  readonly macs: number | null
  readonly teachers: readonly JobTeacher[]
}

/** The text of the file. Equal jobs give equal texts, as far as their environments are equal. */
export function exportManifest(run: JobRun, written: WrittenExport, about: ExportManifest): string {
  const { accuracy, nll, agreement, ...model } = written
  const manifest = {
    format: MANIFEST_FORMAT,
    model,
    input: inputOf(run),
    output: { kind: 'logits', classes: run.job.signature.classes },
    metrics: {
      accuracy,
      nll,
      agreement,
      params: countParams(about.network),
      ...(about.macs !== null && { macs: about.macs }),
      split: run.job.spec.evaluate.split,
      samples: run.evaluateOn.indices.length,
    },
    lineage: lineageOf(run, about.teachers),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** A sample is in `range`; where the job normalises, the model takes (sample − mean) / std per channel (last axis). */
function inputOf({ job, views, evaluateOn }: JobRun) {
  const { values, scale } = views.train.split
  const [low, high] = values instanceof Uint8Array ? [0, 255] : rangeOf(values)
  return {
    shape: job.signature.inputShape,
    dtype: 'float32',
    range: [low * scale, high * scale],
    normalise: evaluateOn.normalise,
  }
}

function rangeOf(values: Float32Array): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}
