// A job spec with its shelf entries: everything that can be known of it without tensors, or every fault at once.
import type { ExportSpec, Fault, JobSpec, TeacherSpec } from '@stillhouse/spec'
import type { DataFormat } from '../contracts/data-format.ts'
import type { Exporter } from '../contracts/exporter.ts'
import type { Method } from '../contracts/method.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Shelves } from '../contracts/shelves.ts'
import type { Checked } from './checked.ts'
import { type DescribedModel, describeModel, under } from './describe-model.ts'
import { findEntry } from './find-entry.ts'
import { type Params, resolveParams } from './resolve-params.ts'
import { trainingFaults } from './training-faults.ts'

interface Chosen<T> {
  readonly entry: T
  readonly params: Params
}

export interface ResolvedJob {
  readonly spec: JobSpec
  readonly data: Chosen<DataFormat>
  readonly signature: Signature
  readonly student: DescribedModel
  /** Null for a teacher that is only known when it is loaded. */
  readonly teachers: readonly (DescribedModel | null)[]
  readonly method: Chosen<Method>
  readonly exports: readonly Chosen<Exporter>[]
}

/** @param spec canonical, as `parseJobSpec` gives it */
export function resolveJob(spec: JobSpec, shelves: Shelves): Checked<ResolvedJob> {
  const faults: Fault[] = []
  const take = <T>(result: Checked<T>): T | null => {
    if (result.ok) return result.value
    faults.push(...result.faults)
    return null
  }
  const data = take(chooseData(spec, shelves))
  const signature = data === null ? null : data.entry.signature(data.params)
  const { task } = spec
  const student = take(describeModel({ shelves, task, ...modelOf(spec.student), path: '/student', signature }))
  const teachers = spec.teachers.map((teacher, i) =>
    teacher.model === undefined
      ? null
      : take(describeModel({ shelves, task, ...modelOf(teacher), path: `/teachers/${i}`, signature })),
  )
  const method = take(chooseMethod(spec, shelves))
  const exports = spec.export.map((one, i) => take(chooseExport(spec, shelves, { one, path: `/export/${i}` })))
  faults.push(...trainingFaults(spec, signature))
  if (faults.length > 0 || data === null || signature === null || student === null || method === null)
    return { ok: false, faults }
  const job = { spec, data, signature, student, teachers, method, exports: exports.filter((one) => one !== null) }
  const more = methodFaults(job)
  return more.length > 0 ? { ok: false, faults: more } : { ok: true, value: job }
}

function modelOf({ model = '', params }: Pick<TeacherSpec, 'model' | 'params'>) {
  return { model, params }
}

function chooseData({ task, data }: JobSpec, { data: shelf }: Shelves): Checked<Chosen<DataFormat>> {
  const found = findEntry({ shelf, kind: 'data set', name: data.name, path: '/data/name', task })
  if (!found.ok) return found
  const resolved = resolveParams(found.value, data.params, '/data/params')
  return resolved.ok ? { ok: true, value: { entry: found.value, params: resolved.value } } : resolved
}

function chooseMethod(spec: JobSpec, { methods: shelf }: Shelves): Checked<Chosen<Method>> {
  const { task, method } = spec
  const found = findEntry({ shelf, kind: 'method', name: method.name, path: '/method/name', task })
  if (!found.ok) return found
  const resolved = resolveParams(found.value, method.params, '/method/params')
  const faults = [...(resolved.ok ? [] : resolved.faults), ...needFaults(found.value, spec.teachers.length)]
  return resolved.ok && faults.length === 0
    ? { ok: true, value: { entry: found.value, params: resolved.value } }
    : { ok: false, faults }
}

function needFaults({ name, needs }: Method, count: number): Fault[] {
  const { min, max } = needs.teachers
  if (count >= min && count <= max) return []
  const range = min === max ? `${min}` : `${min} to ${max}`
  const message = `the method ${name} needs ${count < min ? 'more' : 'fewer'} teachers`
  return [{ path: '/teachers', message, expected: `${range} teachers`, received: String(count) }]
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

/** What the method itself says about the job, once all else is right. */
function methodFaults({ method, signature, student, teachers }: ResolvedJob): Fault[] {
  const view = {
    signature,
    student: student.architecture,
    teachers: teachers.map((teacher) => teacher?.architecture ?? null),
  }
  return (method.entry.check?.(method.params, view) ?? []).map((fault) => under('/method/params', fault))
}
