// A job spec with its shelf entries: everything that can be known of it without tensors.
import type { DataSpec, JobSpec } from '@stillhouse/spec'
import type { DataFormat } from '../contracts/data-format.ts'
import type { Exporter } from '../contracts/exporter.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { DescribedModel } from './describe-model.ts'
import type { KnownTeachers } from './known-teachers.ts'
import type { ResolvedMethod } from './resolve-method.ts'
import type { Params } from './resolve-params.ts'

export interface Chosen<T> {
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
  /** What is known of teachers that come from elsewhere, in the same order. */
  readonly known: KnownTeachers
  readonly peers: readonly DescribedModel[]
  /** Further data sets by name. */
  readonly sources: ReadonlyMap<string, Chosen<DataFormat> & { readonly signature: Signature; readonly spec: DataSpec }>
  readonly method: ResolvedMethod
  readonly exports: readonly Chosen<Exporter>[]
}
