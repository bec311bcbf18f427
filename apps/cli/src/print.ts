// What goes to stdout: results for people, or JSON for programs (`--json`). Progress and errors go to stderr.

/** One line or block for people. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** One JSON document per line, for streams. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** A line beside the results: notes and errors. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`)
}
