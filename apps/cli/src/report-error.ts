// Every error as a person at a terminal needs it: what is wrong, each fault of a refused job, and the right exit code.
import { ApiProblem, ApiUnreachable } from '@stillhouse/client'
import { EXIT_CODES } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'
import { printError } from './print.ts'
import { faultLines } from './render/fault-lines.ts'

/** Prints the error and returns the exit code that it stands for; with `json` a refusal is its problem document. */
export function reportError(error: unknown, json = false): number {
  if (json && error instanceof ApiProblem) return say(JSON.stringify(error.problem, null, 2), exitCodeOf(error))
  if (error instanceof CliError) return say(error.message, error.exitCode)
  if (error instanceof ApiUnreachable) return say(error.message, EXIT_CODES.unreachable)
  if (error instanceof ApiProblem) {
    const text =
      error.faults.length === 0
        ? `${error.message} (${error.code})`
        : `${error.problem.title} (${error.code}):\n${faultLines(error.faults)}`
    return say(text, exitCodeOf(error))
  }
  return say(
    `unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    EXIT_CODES.usage,
  )
}

function exitCodeOf({ status }: ApiProblem): number {
  return status >= 500 ? EXIT_CODES.unreachable : EXIT_CODES.usage
}

function say(text: string, exitCode: number): number {
  printError(text)
  return exitCode
}
