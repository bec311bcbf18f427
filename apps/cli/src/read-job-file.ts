// A job file from disk or stdin, with `--set` changes applied. Without changes the text is sent as it is, so that the
// service's faults name the user's own lines.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { CliError } from './cli-error.ts'

export interface JobText {
  readonly body: string
  readonly contentType: 'application/json' | 'application/yaml'
}

/** @param file path, or `-` for stdin @param changes `path=value` with dots between fields; values are YAML */
export function readJobFile(file: string, changes: readonly string[]): JobText {
  const text = readText(file)
  const isJson = file.endsWith('.json')
  if (changes.length === 0) return { body: text, contentType: isJson ? 'application/json' : 'application/yaml' }
  const job = parseJob(text, file)
  for (const change of changes) applyChange(job, change)
  return { body: JSON.stringify(job), contentType: 'application/json' }
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read the job file ${file}: ${(error as Error).message}`)
  }
}

type Fields = Record<string, unknown>

function parseJob(text: string, file: string): Fields {
  try {
    const job: unknown = parse(text, { maxAliasCount: 100 })
    if (typeof job === 'object' && job !== null && !Array.isArray(job)) return job as Fields
  } catch (error) {
    throw new CliError(`${file} is not valid YAML: ${(error as Error).message}`)
  }
  throw new CliError(`${file} does not hold a job: expected an object with name, data, student, method, train`)
}

/** Fields whose keys may hold dots themselves: `gates.latency.p95Ms` is one key below `gates`. */
const FREE_KEYS = ['gates', 'labels']

function pathOf(text: string): string[] {
  const [first = '', ...rest] = text.split('.')
  return FREE_KEYS.includes(first) && rest.length > 0 ? [first, rest.join('.')] : [first, ...rest]
}

/** A value as YAML; text that is not YAML, such as the gate `>= 0.9`, as it is. */
function yamlOrText(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return text
  }
}

/** Sets one value, e.g. `train.epochs=3`, `teachers.0.train.epochs=2` or `gates.accuracy=>= 0.9`. */
export function applyChange(job: Fields, change: string): void {
  const split = change.indexOf('=')
  const path = pathOf(change.slice(0, split))
  const last = path.pop()
  if (split < 1 || last === undefined || [...path, last].some((field) => field === '' || field === '__proto__')) {
    throw new CliError(`--set takes path=value, e.g. train.epochs=3; received ${change}`)
  }
  let target = job
  for (const field of path) {
    const next = target[field] ?? {}
    if (typeof next !== 'object' || next === null)
      throw new CliError(`--set ${change}: ${field} is not an object in the job file`)
    target[field] = next
    target = next as Fields
  }
  target[last] = yamlOrText(change.slice(split + 1))
}
