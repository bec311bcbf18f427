// One step of a walk through the rows that name files, or through the store.
import type { NewMend } from '@stillhouse/db'
import type { JobContext } from './job-context.ts'
import type { MendOptions } from './mend.ts'

export interface Step {
  readonly found: readonly NewMend[]
  /** How much was looked at. */
  readonly walked: number
  /** The last that was looked at; null at the end. */
  readonly last: string | null
}

export type Walk = (context: JobContext, after: string, options: MendOptions) => Promise<Step>
