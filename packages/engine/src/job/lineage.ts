// What a job's model was made from: the same words in the report and beside every export.
import { readFileSync } from 'node:fs'
import { canonicalJson } from '@stillhouse/spec'
import { sha256 } from '../checkpoint/checkpoint-manifest.ts'
import { ENGINE_VERSION } from '../engine-version.ts'
import { networkDigest } from '../teachers/network-digest.ts'
import type { JobRun } from './job-run.ts'
import type { JobTeacher } from './job-teacher.ts'

export interface Lineage {
  /** Of the canonical spec. */
  readonly specSha256: string
  /** Of all that determines the numbers: spec, data, code. */
  readonly fingerprint: string
  readonly data: { readonly digest: string; readonly trainedOn: number; readonly [field: string]: unknown }
  /** Further data sets by name; left out where there are none. */
  readonly sources?: Readonly<Record<string, { readonly digest: string }>>
  readonly student: unknown
  /** `method` with its parameters, or `stages`, as in the spec. */
  readonly method: unknown
  readonly stages?: unknown
  readonly teachers: readonly TeacherLineage[]
  readonly versions: Readonly<Record<string, string | null>>
}

interface TeacherLineage {
  /** Key of a teacher that a job trained, or where it came from. */
  readonly key?: string
  readonly job?: string
  readonly upload?: string
  /** sha256 over architecture and weights; null for a teacher that the method trains itself. */
  readonly digest: string | null
}

/** No times: equal jobs have equal lineages, as far as their environments are equal. */
export function lineageOf(run: JobRun, teachers: readonly JobTeacher[]): Lineage {
  const { spec } = run.job
  const sources = [...run.sources].map(([name, { digest }]) => [name, { digest }] as const)
  return {
    specSha256: sha256(canonicalJson(spec)),
    fingerprint: run.fingerprint,
    data: { ...spec.data, digest: run.dataset.digest, trainedOn: run.views.train.indices.length },
    ...(sources.length > 0 && { sources: Object.fromEntries(sources) }),
    student: spec.student,
    method: spec.method ?? null,
    ...(spec.stages && { stages: spec.stages }),
    teachers: teachers.map(teacherLineage),
    versions: versionsOf(run),
  }
}

function teacherLineage({ own, source, network, foreign }: JobTeacher): TeacherLineage {
  return {
    ...(own && { key: own.key }),
    ...source,
    digest: foreign?.digest ?? (network && networkDigest(network)),
  }
}

/** Code and environment. */
function versionsOf({ request: { tf } }: JobRun): Lineage['versions'] {
  return {
    stillhouse: packageVersion(),
    engine: ENGINE_VERSION,
    node: process.versions.node,
    tfjs: tf.version.tfjs,
    tensorflow: nativeVersion(tf),
  }
}

function packageVersion(): string {
  // as far up from src/job as from dist/job
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Version of the native library; null on another backend. */
function nativeVersion(tf: JobRun['request']['tf']): string | null {
  const backend = tf.backend() as unknown as { binding?: { TF_Version?: string } }
  return backend.binding?.TF_Version ?? null
}
