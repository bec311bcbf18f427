// Reads what a trainer prints outside its messages: native libraries talk there, and the last words of a crash too.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** TensorFlow's greetings, printed at every start whatever the log level is. */
const NOISE = /^(I\d{4} |WARNING: All log messages before absl|To enable the following instructions)/
const KEPT_LINES = 20

export interface TrainerOutput {
  /** The last lines, oldest first. */
  lastWords(): string
}

/** Passes on each telling line of the streams and remembers the last ones. */
export function readTrainerOutput(
  streams: readonly (Readable | null)[],
  onLine: (line: string) => void,
): TrainerOutput {
  const kept: string[] = []
  for (const stream of streams) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '' || NOISE.test(line)) return
      kept.push(line.slice(0, 1000))
      if (kept.length > KEPT_LINES) kept.shift()
      onLine(line)
    })
  }
  return { lastWords: () => kept.join('\n') }
}
