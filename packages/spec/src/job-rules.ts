// Rules of a job that a schema cannot say: fields that need or exclude each other.
import { show } from './describe-schema.ts'
import type { Fault } from './fault.ts'
import { gateRuleFaults } from './gate-rules.ts'
import {
  type JobSpec,
  LABEL_NAME_PATTERN,
  type OptimizerSpec,
  type ResourcesSpec,
  type ScheduleSpec,
  SOURCE_NAME_PATTERN,
  type StageSpec,
  type TeacherSpec,
  type TrainSpec,
} from './job-spec.ts'
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
    ...(sound('/method') && sound('/stages') ? methodFaults(spec) : []),
    ...(Array.isArray(spec.teachers) ? spec.teachers : []).flatMap((teacher, i) =>
      sound(`/teachers/${i}`) ? teacherFaults(`/teachers/${i}`, teacher) : [],
    ),
    ...gateRuleFaults(spec, sound),
    ...(sound('/labels') ? labelFaults('/labels', spec.labels) : []),
    ...(sound('/resources') ? resourceFaults(spec.resources) : []),
    ...(sound('/sources') ? sourceNameFaults(spec) : []),
    ...(sound('/after') ? repeatedFaults(spec) : []),
  ]
}

function trainFaults(path: string, train: TrainSpec): Fault[] {
  return [
    ...lengthFaults(path, train),
    ...optimizerFaults(`${path}/optimizer`, train.optimizer),
    ...scheduleFaults(`${path}/schedule`, train.schedule),
  ]
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
const SHARED_OPTIMIZER_FIELDS = ['name', 'learningRate', 'weightDecay', 'decayNormAndBias', 'clipNorm', 'groups']

function optimizerFaults(path: string, optimizer: OptimizerSpec): Fault[] {
  const own = OPTIMIZER_FIELDS[optimizer.name] ?? []
  return Object.keys(optimizer)
    .filter((field) => !SHARED_OPTIMIZER_FIELDS.includes(field) && !own.includes(field))
    .map((field) => ({
      path: `${path}/${field}`,
      message: `${field} is not a parameter of ${optimizer.name}`,
      expected: `one of ${own.join(', ')}`,
      received: field,
    }))
}

const SCHEDULE_FIELDS: Record<string, readonly string[]> = {
  constant: [],
  step: ['milestones', 'factor'],
  cosine: ['floor'],
  linear: ['floor'],
  ramp: ['rampEpochs'],
}
/** Fields without which a schedule says nothing. */
const SCHEDULE_NEEDS: Record<string, { readonly field: 'milestones' | 'rampEpochs'; readonly expected: string }> = {
  step: { field: 'milestones', expected: 'a list of epochs, e.g. [30, 60]' },
  ramp: { field: 'rampEpochs', expected: 'a number of epochs' },
}

function scheduleFaults(path: string, schedule: ScheduleSpec): Fault[] {
  const own = ['warmupEpochs', ...(SCHEDULE_FIELDS[schedule.name] ?? [])]
  const foreign = Object.keys(schedule)
    .filter((field) => field !== 'name' && !own.includes(field))
    .map((field) => ({
      path: `${path}/${field}`,
      message: `${field} is not a parameter of the ${schedule.name} schedule`,
      expected: `one of ${own.join(', ')}`,
      received: field,
    }))
  const needed = SCHEDULE_NEEDS[schedule.name]
  if (needed === undefined || schedule[needed.field] !== undefined) return foreign
  const { field, expected } = needed
  const message = `a ${schedule.name} schedule needs ${field}`
  return [...foreign, { path: `${path}/${field}`, message, expected, received: 'nothing' }]
}

function methodFaults({ method, stages }: JobSpec): Fault[] {
  if ((method === undefined) === (stages === undefined))
    return [
      {
        path: '/method',
        message: 'say how to distil',
        expected: 'exactly one of method, methods and stages',
        received: method === undefined ? 'none' : 'more than one',
      },
    ]
  return stages === undefined ? [] : stagesFaults(stages)
}

function stagesFaults(stages: readonly StageSpec[]): Fault[] {
  const names = stages.map(({ name }) => name)
  const twice = names.flatMap((name, i) =>
    names.indexOf(name) === i
      ? []
      : [{ path: `/stages/${i}/name`, message: 'two stages have one name', expected: 'another name', received: name }],
  )
  const sum = stages.reduce((total, { share }) => total + share, 0)
  const own = stages.flatMap(({ optimizer, schedule }, i) => [
    ...(optimizer === undefined ? [] : optimizerFaults(`/stages/${i}/optimizer`, optimizer)),
    ...(schedule === undefined ? [] : scheduleFaults(`/stages/${i}/schedule`, schedule)),
  ])
  if (Math.abs(sum - 1) <= 1e-6) return [...twice, ...own]
  const shares = { path: '/stages', message: 'the shares of the stages must sum to 1', expected: '1' }
  return [...twice, ...own, { ...shares, received: String(Number(sum.toFixed(6))) }]
}

/** Choosing weights or an end by the test split would measure the choice, not the student. */
function splitFaults(spec: JobSpec): Fault[] {
  const { data, evaluate, train } = spec
  if (data.validation !== undefined) return []
  const wanting = [
    { path: '/evaluate/split', wants: evaluate.split === 'validation', received: 'validation', instead: 'test' },
    { path: '/train/keep', wants: train?.keep === 'best', received: 'best', instead: 'last' },
    {
      path: '/train/earlyStopping',
      wants: train?.earlyStopping !== undefined,
      received: 'a value',
      instead: 'nothing',
    },
  ]
  return wanting
    .filter(({ wants }) => wants)
    .map(({ path, received, instead }) => ({
      path,
      message: 'there is no validation split',
      expected: `${instead}, or data.validation with the share to hold out, e.g. 0.1`,
      received,
    }))
}

function exportFaults({ export: exports }: JobSpec): Fault[] {
  const names = exports.map(({ name, format }) => name ?? format)
  return names.flatMap((name, i) =>
    names.indexOf(name) === i
      ? []
      : [
          {
            path: `/export/${i}/${exports[i]?.name === undefined ? 'format' : 'name'}`,
            message: 'two exports have one name',
            expected: 'another name: each export has a folder of its own',
            received: name,
          },
        ],
  )
}

const TRAINED_HERE = ['model', 'params', 'train', 'data', 'snapshots', 'trainable'] as const

function teacherFaults(path: string, teacher: TeacherSpec): Fault[] {
  if (teacher.from !== undefined)
    return refusedFields(path, teacher, {
      fields: TRAINED_HERE,
      message: 'a teacher taken with "from" is already trained',
    })
  const together = teacher.trainable === true
  const needed = together ? (['model'] as const) : (['model', 'train'] as const)
  const missing = needed
    .filter((field) => teacher[field] === undefined)
    .map((field) => ({
      path: `${path}/${field}`,
      message: 'a teacher is either trained here (model and train) or taken from elsewhere (from)',
      expected: `${field}, or from: {job | upload}`,
      received: 'nothing',
    }))
  if (together)
    return [
      ...missing,
      ...refusedFields(path, teacher, {
        fields: ['train', 'data', 'snapshots'],
        message: 'a trainable teacher is trained by the method, as the student is',
      }),
    ]
  return teacher.train === undefined ? missing : [...missing, ...trainFaults(`${path}/train`, teacher.train)]
}

interface Refused {
  readonly fields: readonly (keyof TeacherSpec)[]
  readonly message: string
}

function refusedFields(path: string, teacher: TeacherSpec, { fields, message }: Refused): Fault[] {
  return fields
    .filter((field) => teacher[field] !== undefined)
    .map((field) => ({ path: `${path}/${field}`, message, expected: `no ${field}`, received: field }))
}

/** What the job asks of another is said once. */
function repeatedFaults({ after = [] }: JobSpec): Fault[] {
  const ids = after.map(({ job }) => job.toLowerCase())
  return ids.flatMap((id, i) =>
    ids.indexOf(id) === i
      ? []
      : [{ path: `/after/${i}/job`, message: 'this job is named twice', expected: 'another job', received: id }],
  )
}

/** As with labels, the schema lets other names pass. */
function sourceNameFaults({ sources }: JobSpec): Fault[] {
  return Object.keys(sources)
    .filter((name) => !new RegExp(SOURCE_NAME_PATTERN).test(name) || name === 'data' || name === 'train')
    .map((name) => ({
      path: `/sources/${escapePointer(name)}`,
      message: 'not a name for a further data set',
      expected: 'small letters, digits and hyphens, a letter first, and neither data nor train',
      received: show(name),
    }))
}

/** The schema checks the values of well-named labels only, so names are checked here. */
function resourceFaults({ gpus, gpuMemoryGb, labels }: ResourcesSpec): Fault[] {
  const faults = labelFaults('/resources/labels', labels)
  if (gpuMemoryGb === undefined || gpus > 0) return faults
  const memory = {
    path: '/resources/gpuMemoryGb',
    message: 'memory of a GPU is asked for, but no GPU',
    expected: 'gpus: 1 beside it, or no gpuMemoryGb',
    received: String(gpuMemoryGb),
  }
  return [...faults, memory]
}

function labelFaults(path: string, labels: Readonly<Record<string, string>>): Fault[] {
  return Object.keys(labels)
    .filter((name) => !new RegExp(LABEL_NAME_PATTERN).test(name))
    .map((name) => ({
      path: `${path}/${escapePointer(name)}`,
      message: 'not a name for a label',
      expected: '1 to 63 letters, digits, dots, hyphens, underscores and slashes',
      received: show(name),
    }))
}
