// Rules of a job that a schema cannot say: fields that need or exclude each other.
import { show } from './describe-schema.ts'
import type { Fault } from './fault.ts'
import { gateRuleFaults } from './gate-rules.ts'
import { type JobSpec, LABEL_NAME_PATTERN, type TeacherSpec, type TrainSpec } from './job-spec.ts'
import { escapePointer } from './json-pointer.ts'

/**
 * Faults against the rules, for those parts of the job that the schema found nothing wrong with, so that a user sees
 * all faults at once.
 * @param spec a job with its defaults; may be malformed where `schemaFaults` says so
 */
export function jobRuleFaults(spec: JobSpec, schemaFaults: readonly Fault[]): Fault[] {
  const sound = (path: string) => !schemaFaults.some((fault) => `${fault.path}/`.startsWith(`${path}/`))
  return [
    ...(sound('/train') ? trainFaults('/train', spec.train) : []),
    ...(sound('/data') && sound('/evaluate') ? splitFaults(spec) : []),
    ...(sound('/export') ? exportFaults(spec) : []),
    ...(Array.isArray(spec.teachers) ? spec.teachers : []).flatMap((teacher, i) =>
      sound(`/teachers/${i}`) ? teacherFaults(`/teachers/${i}`, teacher) : [],
    ),
    ...gateRuleFaults(spec, sound),
    ...(sound('/labels') ? labelFaults(spec) : []),
  ]
}

function trainFaults(path: string, train: TrainSpec): Fault[] {
  return [...lengthFaults(path, train), ...optimizerFaults(path, train), ...scheduleFaults(path, train)]
}

function lengthFaults(path: string, train: TrainSpec): Fault[] {
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

function optimizerFaults(path: string, { optimizer }: TrainSpec): Fault[] {
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

function scheduleFaults(path: string, { schedule }: TrainSpec): Fault[] {
  const own = ['warmupEpochs', ...(SCHEDULE_FIELDS[schedule.name] ?? [])]
  const foreign = Object.keys(schedule)
    .filter((field) => field !== 'name' && !own.includes(field))
    .map((field) => ({
      path: `${path}/schedule/${field}`,
      message: `${field} is not a parameter of the ${schedule.name} schedule`,
      expected: `one of ${own.join(', ')}`,
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

function splitFaults({ data, evaluate }: JobSpec): Fault[] {
  if (evaluate.split !== 'validation' || data.validation !== undefined) return []
  return [
    {
      path: '/evaluate/split',
      message: 'there is no validation split',
      expected: 'test, or data.validation with the share to hold out, e.g. 0.1',
      received: 'validation',
    },
  ]
}

function exportFaults({ export: exports }: JobSpec): Fault[] {
  return exports.flatMap(({ format }, i) =>
    exports.findIndex((other) => other.format === format) === i
      ? []
      : [
          {
            path: `/export/${i}/format`,
            message: 'this format is already in the list',
            expected: 'each format once',
            received: format,
          },
        ],
  )
}

function teacherFaults(path: string, teacher: TeacherSpec): Fault[] {
  if (teacher.from !== undefined) {
    return (['model', 'params', 'train'] as const)
      .filter((field) => teacher[field] !== undefined)
      .map((field) => ({
        path: `${path}/${field}`,
        message: 'a teacher taken with "from" is already trained',
        expected: `no ${field}`,
        received: field,
      }))
  }
  const missing = (['model', 'train'] as const)
    .filter((field) => teacher[field] === undefined)
    .map((field) => ({
      path: `${path}/${field}`,
      message: 'a teacher is either trained here (model and train) or taken from elsewhere (from)',
      expected: `${field}, or from: {job | upload}`,
      received: 'nothing',
    }))
  return teacher.train === undefined ? missing : [...missing, ...trainFaults(`${path}/train`, teacher.train)]
}

/** The schema checks the values of well-named labels only, so names are checked here. */
function labelFaults({ labels }: JobSpec): Fault[] {
  return Object.keys(labels)
    .filter((name) => !new RegExp(LABEL_NAME_PATTERN).test(name))
    .map((name) => ({
      path: `/labels/${escapePointer(name)}`,
      message: 'not a name for a label',
      expected: '1 to 63 letters, digits, dots, hyphens, underscores and slashes',
      received: show(name),
    }))
}
