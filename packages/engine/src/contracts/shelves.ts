// The four shelves, handed to whoever checks or runs a job.
import type { DataFormat } from './data-format.ts'
import type { Exporter } from './exporter.ts'
import type { Method } from './method.ts'
import type { ModelFamily } from './model-family.ts'

export interface Shelves {
  readonly methods: readonly Method[]
  readonly models: readonly ModelFamily[]
  readonly data: readonly DataFormat[]
  readonly exports: readonly Exporter[]
}
