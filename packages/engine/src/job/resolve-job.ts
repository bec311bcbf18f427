// A job spec with its shelf entries: everything that can be known of it without tensors, or every fault at once.
import type { DataSpec, ExportSpec, Fault, JobSpec } from '@stillhouse/spec'
import type { DataFormat } from '../contracts/data-format.ts'
import type { Exporter } from '../contracts/exporter.ts'
import type { Shelves } from '../contracts/shelves.ts'
import type { Checked } from './checked.ts'
import { describeModel } from './describe-model.ts'
import { findEntry } from './find-entry.ts'
import type { KnownTeachers } from './known-teachers.ts'
import { labelFaults } from './label-faults.ts'
import { methodFaults } from './method-faults.ts'
import { normFaults } from './norm-faults.ts'
import { placeFaults } from './place-faults.ts'
import { resolveMethod } from './resolve-method.ts'
import { resolveParams } from './resolve-params.ts'
import type { Chosen, ResolvedJob } from './resolved-job.ts'
import { trainingFaults } from './training-faults.ts'
import { weightFaults } from './weight-faults.ts'

/** @param spec canonical, as `parseJobSpec` gives it @param known of the teachers taken from elsewhere */
export function resolveJob(spec: JobSpec, shelves: Shelves, known: KnownTeachers = []): Checked<ResolvedJob> {
  const faults: Fault[] = []
  const take = <T>(result: Checked<T>): T | null => {
    if (result.ok) return result.value
    faults.push(...result.faults)
    return null
  }
  const data = take(chooseData(spec.data, shelves, { path: '/data', task: spec.task }))
  const signature = data === null ? null : data.entry.signature(data.params)
  const { task } = spec
  const student = take(describeModel({ shelves, task, ...modelOf(spec.student), path: '/student', signature }))
  const teachers = spec.teachers.map((teacher, i) =>
    teacher.model === undefined
      ? null
      : take(describeModel({ shelves, task, ...modelOf(teacher), path: `/teachers/${i}`, signature })),
  )
  const peers = spec.peers.map((peer, i) =>
    take(describeModel({ shelves, task, ...modelOf(peer), path: `/peers/${i}`, signature })),
  )
  const sources = Object.entries(spec.sources).map(([name, source]) => {
    const chosen = take(chooseData(source, shelves, { path: `/sources/${name}`, task }))
    return chosen && ([name, { ...chosen, signature: chosen.entry.signature(chosen.params), spec: source }] as const)
  })
  const method = take(resolveMethod(spec, shelves, known))
  const exports = spec.export.map((one, i) => take(chooseExport(spec, shelves, { one, path: `/export/${i}` })))
  const samples = data?.entry.trainSamples?.(data.params) ?? null
  faults.push(...trainingFaults(spec, signature, samples))
  if (faults.length > 0 || data === null || signature === null || student === null || method === null)
    return { ok: false, faults }
  const job = {
    spec,
    data,
    signature,
    student,
    teachers,
    known,
    peers: peers.filter((one) => one !== null),
    sources: new Map(sources.filter((one) => one !== null)),
    method,
    exports: exports.filter((one) => one !== null),
  }
  const more = [...methodFaults(job), ...labelFaults(job), ...weightFaults(job), ...normFaults(job)]
  return more.length > 0 ? { ok: false, faults: more } : { ok: true, value: job }
}

function modelOf({ model = '', params }: { readonly model?: string | undefined; readonly params?: unknown }) {
  return { model, params }
}

function chooseData(
  data: DataSpec,
  { data: shelf }: Shelves,
  { path, task }: { readonly path: string; readonly task: JobSpec['task'] },
): Checked<Chosen<DataFormat>> {
  const found = findEntry({ shelf, kind: 'data set', name: data.name, path: `${path}/name`, task })
  if (!found.ok) return found
  const resolved = resolveParams(found.value, data.params, `${path}/params`)
  if (!resolved.ok) return resolved
  const faults = placeFaults(found.value, data, { params: resolved.value, path })
  if (faults.length > 0) return { ok: false, faults }
  return { ok: true, value: { entry: found.value, params: resolved.value } }
}

function chooseExport(
  { task }: JobSpec,
  { exports: shelf }: Shelves,
  { one, path }: { one: ExportSpec; path: string },
): Checked<Chosen<Exporter>> {
  const found = findEntry({ shelf, kind: 'export format', name: one.format, path: `${path}/format`, task })
  if (!found.ok) return found
  const resolved = resolveParams(found.value, one.params, `${path}/params`)
  return resolved.ok ? { ok: true, value: { entry: found.value, params: resolved.value } } : resolved
}
