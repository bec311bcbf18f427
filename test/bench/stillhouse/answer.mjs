// The worker's end of the line to the benchmark: one JSON message per line, marked, since libraries print too.
import { createInterface } from 'node:readline'

/** @param {Record<string, unknown>} message */
export function answer(message) {
  process.stdout.write(`@bench ${JSON.stringify(message)}\n`)
}

/** Serves requests one after another until standard input ends. @param {(request: any) => unknown} handle */
export async function serve(handle) {
  for await (const line of createInterface({ input: process.stdin }))
    answer(/** @type {Record<string, unknown>} */ (await handle(JSON.parse(line))))
}
