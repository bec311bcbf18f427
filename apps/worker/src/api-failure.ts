// Reads what went wrong with a call to the API off the error, whichever layer threw it: an answer has a status,
// a broken connection has none.
import type { ApiErrorCode } from '@stillhouse/spec'

const STALE: ApiErrorCode = 'attempt.stale'
const UNKNOWN_JOB: ApiErrorCode = 'job.not_found'
const UNKNOWN_WORKER: ApiErrorCode = 'worker.not_found'
const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const FILE_FAULTS: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EROFS', 'EIO'])

/** HTTP status of the answer, or null when there was none. */
function statusOf(error: unknown): number | null {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : null
}

/** The attempt belongs to somebody else now, or to nobody. */
export function isStale(error: unknown): boolean {
  return codeOf(error) === STALE
}

/** The API does not know the job of a call about an attempt. */
export function isUnknownJob(error: unknown): boolean {
  return codeOf(error) === UNKNOWN_JOB
}

/** The API has forgotten this worker; it has to register again. */
export function isUnknownWorker(error: unknown): boolean {
  return codeOf(error) === UNKNOWN_WORKER
}

/** There is no such thing, or not yet. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 || (statusOf(error) === 409 && codeOf(error) !== STALE)
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : null
}

/** No connection, an overloaded or a failing service: the same call may work later. A fault of our own disk is none. */
export function mayPass(error: unknown): boolean {
  const status = statusOf(error)
  if (status === null && isDiskFault(error)) return false
  return status === null || status === 408 || status === 425 || status === 429 || status >= 500
}

/** The scratch folder's disk is full. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has(systemCodeOf(error))
}

function isDiskFault(error: unknown): boolean {
  return isDiskFull(error) || FILE_FAULTS.has(systemCodeOf(error))
}

/** Code of a system error, also when fetch and the client have wrapped it. */
function systemCodeOf(error: unknown): string {
  const code = codeOf(error)
  if (typeof code === 'string' || !(error instanceof Error) || error.cause === undefined) return String(code)
  return systemCodeOf(error.cause)
}

/** One line for a log or a failure message. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
