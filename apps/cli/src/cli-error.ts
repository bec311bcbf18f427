// An error that a person at a terminal can act on: printed without a stack, with the exit code it carries.
import { EXIT_CODES } from '@stillhouse/spec'

export class CliError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT_CODES.usage) {
    super(message)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}
