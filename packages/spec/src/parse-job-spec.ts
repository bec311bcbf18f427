// From what a user wrote to the canonical job spec: shorthands unfolded, defaults filled, every fault listed.
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { type Fault, faultsFromSchemaErrors } from './fault.ts'
import { parseGate, RESULT_METRIC_NAMES } from './gates.ts'
import { JobSpec } from './job-spec.ts'
import { nearest } from './nearest.ts'

const validator = Compile(JobSpec)

export type ParsedJobSpec = { ok: true; spec: JobSpec } | { ok: false; faults: Fault[] }

/**
 * Checks `input` (parsed JSON or YAML) against the job schema and the rules that a schema cannot say.
 * Shelf entries' own parameters are checked elsewhere (engine's `checkJob`), since they need the shelves.
 */
export function parseJobSpec(input: unknown): ParsedJobSpec {
  if (!isRecord(input)) return { ok: false, faults: [rootFault(input)] }
  const shorthandFaults = teacherShorthandFaults(input)
  if (shorthandFaults.length > 0) return { ok: false, faults: shorthandFaults }
  const filled = fillDefaults(input)
  const faults = faultsFromSchemaErrors(validator.Errors(filled), filled, JobSpec)
  if (faults.length > 0) return { ok: false, faults }
  const spec = filled as JobSpec
  const ruleFaults = [...trainFaults(spec), ...teacherFaults(spec), ...gateFaults(spec)]
  return ruleFaults.length > 0 ? { ok: false, faults: ruleFaults } : { ok: true, spec }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function rootFault(received: unknown): Fault {
  const kind = Array.isArray(received) ? 'an array' : received === null ? 'nothing' : typeof received
  return {
    path: '',
    message: 'a job is an object',
    expected: 'an object with name, data, student, method, train',
    received: kind,
  }
}

function teacherShorthandFaults(input: Record<string, unknown>): Fault[] {
  if (!('teacher' in input && 'teachers' in input)) return []
  return [
    { path: '/teacher', message: 'give either teacher or teachers', expected: 'one of the two', received: 'both' },
  ]
}

/** Fills defaults of objects a user may leave out entirely (train.optimizer, evaluate, resources …). */
function fillDefaults(input: Record<string, unknown>): unknown {
  const { teacher, ...rest } = structuredClone(input)
  const job: Record<string, unknown> = { evaluate: {}, resources: {}, ...rest }
  if (teacher !== undefined) job['teachers'] = [teacher]
  fillTrain(job['train'])
  if (Array.isArray(job['teachers'])) for (const one of job['teachers']) if (isRecord(one)) fillTrain(one['train'])
  return Value.Default(JobSpec, job)
}

function fillTrain(train: unknown): void {
  if (!isRecord(train)) return
  train['optimizer'] ??= {}
  train['schedule'] ??= {}
}

function trainFaults(spec: JobSpec): Fault[] {
  const blocks = [
    { path: '/train', train: spec.train },
    ...spec.teachers.map((teacher, i) => ({ path: `/teachers/${i}/train`, train: teacher.train })),
  ]
  return blocks.flatMap(({ path, train }) => {
    if (train === undefined) return []
    return [...lengthFaults(path, train), ...optimizerFaults(path, train), ...scheduleFaults(path, train)]
  })
}

function lengthFaults(path: string, train: JobSpec['train']): Fault[] {
  const given = [train.epochs, train.steps].filter((length) => length !== undefined).length
  if (given === 1) return []
  return [
    {
      path,
      message: 'say how long to train',
      expected: 'exactly one of epochs and steps',
      received: given === 0 ? 'neither' : 'both',
    },
  ]
}

const OPTIMIZER_FIELDS: Record<string, readonly string[]> = {
  sgd: ['momentum', 'nesterov'],
  adam: ['beta1', 'beta2', 'epsilon'],
  adamw: ['beta1', 'beta2', 'epsilon'],
  rmsprop: ['momentum', 'decay', 'epsilon'],
}
const SHARED_OPTIMIZER_FIELDS = ['name', 'learningRate', 'weightDecay', 'decayNormAndBias', 'clipNorm']

function optimizerFaults(path: string, { optimizer }: JobSpec['train']): Fault[] {
  const own = OPTIMIZER_FIELDS[optimizer.name] ?? []
  return Object.keys(optimizer)
    .filter((field) => !SHARED_OPTIMIZER_FIELDS.includes(field) && !own.includes(field))
    .map((field) => ({
      path: `${path}/optimizer/${field}`,
      message: `${field} is not a parameter of ${optimizer.name}`,
      expected: `one of ${own.join(', ')}`,
      received: field,
    }))
}

const SCHEDULE_FIELDS: Record<string, readonly string[]> = {
  constant: [],
  step: ['milestones', 'factor'],
  cosine: ['floor'],
}

function scheduleFaults(path: string, { schedule }: JobSpec['train']): Fault[] {
  const own = ['name', 'warmupEpochs', ...(SCHEDULE_FIELDS[schedule.name] ?? [])]
  const foreign = Object.keys(schedule)
    .filter((field) => !own.includes(field))
    .map((field) => ({
      path: `${path}/schedule/${field}`,
      message: `${field} is not a parameter of the ${schedule.name} schedule`,
      expected: `one of ${own.slice(1).join(', ')}`,
      received: field,
    }))
  if (schedule.name !== 'step' || schedule.milestones !== undefined) return foreign
  return [
    ...foreign,
    {
      path: `${path}/schedule/milestones`,
      message: 'a step schedule needs milestones',
      expected: 'a list of epochs, e.g. [30, 60]',
      received: 'nothing',
    },
  ]
}

function teacherFaults(spec: JobSpec): Fault[] {
  return spec.teachers.flatMap((teacher, i) => {
    const path = `/teachers/${i}`
    if (teacher.from !== undefined) {
      const extra = (['model', 'params', 'train'] as const).filter((field) => teacher[field] !== undefined)
      return extra.map((field) => ({
        path: `${path}/${field}`,
        message: `a teacher taken with "from" is already trained`,
        expected: `no ${field}`,
        received: field,
      }))
    }
    return (['model', 'train'] as const)
      .filter((field) => teacher[field] === undefined)
      .map((field) => ({
        path: `${path}/${field}`,
        message: 'a teacher is either trained here (model and train) or taken from elsewhere (from)',
        expected: `${field}, or from: {job | upload}`,
        received: 'nothing',
      }))
  })
}

function gateFaults(spec: JobSpec): Fault[] {
  return Object.entries(spec.gates).flatMap(([metric, condition]): Fault[] => {
    const path = `/gates/${metric.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!(RESULT_METRIC_NAMES as string[]).includes(metric)) {
      const close = nearest(metric, RESULT_METRIC_NAMES)
      return [
        {
          path,
          message: `there is no metric "${metric}"`,
          expected: `one of ${RESULT_METRIC_NAMES.join(', ')}`,
          received: metric,
          ...(close ? { suggestion: close } : {}),
        },
      ]
    }
    const needsBaseline = metric === 'accuracyGainVsBaseline' || metric.startsWith('baseline.')
    if (needsBaseline && !spec.evaluate.baseline)
      return [
        { path, message: `${metric} needs the control run`, expected: 'evaluate.baseline: true', received: 'false' },
      ]
    const needsTeacher = /^teacher\.|^compression\.|^agreement$|VsTeacher$/.test(metric)
    if (needsTeacher && spec.teachers.length === 0)
      return [{ path, message: `${metric} needs a teacher`, expected: 'a teacher in the job', received: 'none' }]
    if (parseGate(condition) === undefined)
      return [
        { path, message: 'not a gate', expected: 'an operator and a number, e.g. ">= 0.97"', received: condition },
      ]
    return []
  })
}
