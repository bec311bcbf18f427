// The base of every foreseen error in the service: a catalogue code, a text for the user, and perhaps faults.
import { API_ERRORS, type ApiErrorCode, type Fault } from '@stillhouse/spec'

export interface ApiErrorOptions extends ErrorOptions {
  readonly faults?: readonly Fault[]
}

/** An error that may be shown to the caller. `detail` says what was wrong, expected, received, and what to do. */
export class ApiError extends Error {
  readonly code: ApiErrorCode
  readonly status: number
  readonly faults: readonly Fault[]

  constructor(code: ApiErrorCode, detail: string, options: ApiErrorOptions = {}) {
    super(detail, options)
    this.name = 'ApiError'
    this.code = code
    this.status = API_ERRORS[code].status
    this.faults = options.faults ?? []
  }
}
