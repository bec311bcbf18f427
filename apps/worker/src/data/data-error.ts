// Why data could not be brought to this worker, with the failure code that the job ends with.
import type { FailureCode } from '@stillhouse/spec'

export class DataError extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DataError'
    this.code = code
  }
}
