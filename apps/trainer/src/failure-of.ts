// Turns whatever ended a job into a code of the failure catalogue.
import { TrainingError } from '@stillhouse/engine'
import type { FailureCode } from '@stillhouse/spec'
import { BackendError } from './backend.ts'

export interface Failure {
  readonly code: FailureCode
  readonly message: string
}

const DISK_FULL = /\bENOSPC\b|\bEDQUOT\b|No space left on device/
const OUT_OF_MEMORY =
  /Invalid TF_Status: 8\b|RESOURCE_EXHAUSTED|bad_alloc|Array buffer allocation failed|OOM when allocating|Cannot allocate memory|\bENOMEM\b/

/** A foreseen error keeps its code; a full disk and a full memory have theirs; the rest is ours: `trainer.error`. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof TrainingError) return { code: error.code, message }
  if (DISK_FULL.test(`${codeOf(error)} ${message}`)) return { code: 'resource.disk_full', message }
  if (OUT_OF_MEMORY.test(`${codeOf(error)} ${message}`)) return { code: 'resource.out_of_memory', message }
  if (error instanceof BackendError) return { code: 'trainer.error', message }
  return { code: 'trainer.error', message: `${error instanceof Error ? error.name : 'Error'}: ${message}` }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
