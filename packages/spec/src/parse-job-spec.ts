// From what a user wrote to the canonical job spec: shorthands unfolded, defaults filled, every fault listed.
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { describeValue } from './describe-schema.ts'
import { type Fault, faultsFromSchemaErrors } from './fault.ts'
import { jobRuleFaults } from './job-rules.ts'
import { DataSpec, JobSpec, SOURCE_NAME_PATTERN } from './job-spec.ts'
import { nearest } from './nearest.ts'

const validator = Compile(JobSpec)

export type ParsedJobSpec =
  | { ok: true; spec: JobSpec }
  /** `draft` is there when everything that names a shelf entry is sound, so that its faults can be found as well. */
  | { ok: false; faults: Fault[]; draft?: JobSpec }

/** Fields of which a fault leaves nothing for the shelves to check. */
const SHELF_FIELDS = /^\/(task|data|teachers|student|peers|sources|method|methods|stages|train|export)(\/|$)|^$/

/**
 * Checks `input` (parsed JSON or YAML) against the job schema and the rules that a schema cannot say.
 * Shelf entries' own parameters are checked elsewhere (engine's `checkJob`), since they need the shelves.
 */
export function parseJobSpec(input: unknown): ParsedJobSpec {
  if (!isRecord(input)) return { ok: false, faults: [rootFault(input)] }
  const filled = fillDefaults(input)
  const schemaFaults = faultsFromSchemaErrors(validator.Errors(filled), filled, JobSpec)
  const shorthands = shorthandFaults(input)
  const faults = [...shorthands, ...schemaFaults, ...jobRuleFaults(filled as JobSpec, schemaFaults)]
  if (faults.length === 0) return { ok: true, spec: filled as JobSpec }
  const draft = shorthands.length === 0 ? draftOf(filled, schemaFaults) : undefined
  return { ok: false, faults: faultsAsWritten(faults, input), ...(draft === undefined ? {} : { draft }) }
}

const TRAIN_FIELDS = /^(\/teachers\/\d+)?\/train(\/|$)/

const SOURCE_NAME = new RegExp(SOURCE_NAME_PATTERN)

/** The spec as far as the shelves can check it: a faulty `train` is no matter of theirs, nor is an unknown field. */
function draftOf(filled: unknown, schemaFaults: readonly Fault[]): JobSpec | undefined {
  const grave = schemaFaults.filter(
    ({ path, message }) => SHELF_FIELDS.test(path) && !message.startsWith('unknown field'),
  )
  if (grave.some(({ path }) => !TRAIN_FIELDS.test(path))) return undefined
  const { method, stages, sources } = filled as JobSpec
  if ((method === undefined) === (stages === undefined)) return undefined
  // What has a name that is not allowed is not described by the schema: it may be anything.
  if (!Object.keys(sources).every((name) => SOURCE_NAME.test(name))) return undefined
  if (grave.length === 0) return filled as JobSpec
  const { train, teachers, ...rest } = filled as JobSpec
  const stand = soundTrain(train)
  return {
    ...rest,
    train: stand,
    teachers: teachers.map((one) => (one.train === undefined ? one : { ...one, train: stand })),
  }
}

/** A `train` that has no faults, in place of one that has. */
function soundTrain(train: unknown): JobSpec['train'] {
  const fields = isRecord(train) ? train : {}
  const defaults = { epochs: 1, optimizer: {}, schedule: {} }
  const filled = Value.Default(JobSpec.properties.train, defaults) as JobSpec['train']
  return Number.isInteger(fields['batchSize']) ? { ...filled, batchSize: Number(fields['batchSize']) } : filled
}

/** Faults of the canonical spec with the paths of what the user wrote: `/teacher/…` where that shorthand was used. */
export function faultsAsWritten(faults: readonly Fault[], input: unknown): Fault[] {
  return isRecord(input) ? faults.map((fault) => asWritten(fault, input)) : [...faults]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function rootFault(received: unknown): Fault {
  return {
    path: '',
    message: 'a job is an object',
    expected: 'an object with name, data, student, method, train',
    received: describeValue(received),
  }
}

function shorthandFaults(input: Record<string, unknown>): Fault[] {
  const pairs = [
    ['teacher', 'teachers'],
    ['methods', 'stages'],
  ] as const
  return pairs
    .filter(([short, long]) => short in input && long in input)
    .map(([short, long]) => ({
      path: `/${short}`,
      message: `give either ${short} or ${long}`,
      expected: 'one of the two',
      received: 'both',
    }))
}

/** The stage that `methods` is short for. */
const ONLY_STAGE = 'distil'

/** Fills defaults of objects a user may leave out entirely (train.optimizer, evaluate, resources …). */
function fillDefaults(input: Record<string, unknown>): unknown {
  const { teacher, methods, ...rest } = structuredClone(input)
  const job: Record<string, unknown> = { evaluate: {}, resources: {}, ...rest }
  if (teacher !== undefined && !('teachers' in rest)) job['teachers'] = [teacher]
  if (methods !== undefined && !('stages' in rest)) job['stages'] = [{ name: ONLY_STAGE, share: 1, methods }]
  if (Array.isArray(job['after']))
    job['after'] = job['after'].map((one) => (typeof one === 'string' ? { job: one } : one))
  fillTrain(job['train'])
  if (Array.isArray(job['teachers'])) for (const one of job['teachers']) if (isRecord(one)) fillTrain(one['train'])
  const { sources } = job
  // Defaults of a record's values are not filled in by the library.
  if (isRecord(sources))
    job['sources'] = Object.fromEntries(
      Object.entries(sources).map(([name, source]) => [name, Value.Default(DataSpec, source)]),
    )
  return Value.Default(JobSpec, job)
}

function fillTrain(train: unknown): void {
  if (!isRecord(train)) return
  train['optimizer'] ??= {}
  train['schedule'] ??= {}
}

/** The fault in the words of the input: `teacher` is no field of the canonical spec, but one that users write. */
function asWritten(fault: Fault, input: Record<string, unknown>): Fault {
  if (fault.message.startsWith('unknown field') && fault.path.lastIndexOf('/') === 0) {
    const suggestion = nearest(fault.received, [...Object.keys(JobSpec.properties), 'teacher', 'methods'])
    const expected = fault.expected.replace('teachers', 'teacher, teachers').replace('method,', 'method, methods,')
    return { ...fault, expected, ...(suggestion === undefined ? {} : { suggestion }) }
  }
  const entry = /^\/after\/(\d+)\/job$/.exec(fault.path)?.[1]
  if (entry !== undefined && typeof (input['after'] as unknown[])[Number(entry)] === 'string')
    return { ...fault, path: `/after/${entry}` }
  const short = SHORTHANDS.find(
    ([written, meant]) => written in input && !(meant in input) && fault.path.startsWith(`/${meant}`),
  )
  if (short === undefined) return fault
  return { ...fault, path: fault.path.replace(short[2], `/${short[0]}`) }
}

/** What users may write, the field that it stands for, and where its content went. */
const SHORTHANDS = [
  ['teacher', 'teachers', /^\/teachers\/0(?=\/|$)/],
  ['methods', 'stages', /^\/stages\/0\/methods(?=\/|$)/],
] as const
