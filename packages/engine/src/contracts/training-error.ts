// An error that ends a job with a failure code of the catalogue.
import type { FailureCode } from '@stillhouse/spec'

/** Thrown by shelves and engine for every foreseen failure; anything else becomes `trainer.error`. */
export class TrainingError extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TrainingError'
    this.code = code
  }
}
