// Where in a step something happened, for messages: the first line of the call stack that is neither tfjs nor the recorder.
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
/** Files of this package that stand between a step and tfjs. */
const BETWEEN = ['step-place', 'recorder', 'intercept', 'execute-op'].map((file) => `${HERE}/${file}.`)
const FRAMES = 40

/** `file:line:column`, relative to the working directory; without a stack an empty string. */
export function stepPlace(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES
  const lines = (new Error().stack ?? '').split('\n').slice(1)
  Error.stackTraceLimit = stackTraceLimit
  const place = lines.map(pathOf).find((path) => path !== undefined && !isBetween(path))
  return place === undefined ? '' : relative(process.cwd(), place)
}

/** The place in a line of a stack. */
function pathOf(line: string): string | undefined {
  const place = /((?:file:\/\/)?\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1]
  return place?.startsWith('file:') ? fileURLToPath(place) : place
}

function isBetween(path: string): boolean {
  return path.includes('/@tensorflow/') || BETWEEN.some((file) => path.startsWith(file))
}
