// The declarative job: what a user writes. This schema is published as JSON Schema, validates every submission,
// and gives the TypeScript type; there is no second description of a job anywhere.
import { type Static, Type } from 'typebox'
import { GATE_PATTERN } from './gates.ts'
import { OptimizerSpec, ScheduleSpec, TrainSpec } from './train-spec.ts'

export * from './train-spec.ts'

const strict = { additionalProperties: false } as const

const Params = Type.Record(Type.String({ maxLength: 64 }), Type.Unknown(), {
  description: "Parameters of the shelf entry; checked with the entry's own schema (GET /v1/catalog).",
})

// `patternErrorMessage` is what faults give as expected, and what editors show, in place of the pattern
const EntryName = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
  patternErrorMessage: 'the name of a shelf entry: small letters, digits and hyphens',
  description: 'Name of a shelf entry.',
})

export const SOURCE_NAME_PATTERN = '^[a-z][a-z0-9-]{0,31}$'
export const LABEL_NAME_PATTERN = '^[A-Za-z0-9._/-]{1,63}$'
const Label = Type.String({ maxLength: 128 })
const WorkerLabel = Type.String({ pattern: LABEL_NAME_PATTERN })

const ModelFields = {
  model: EntryName,
  params: Type.Optional(Params),
}

export const TeacherSource = Type.Union(
  [
    Type.Object(
      {
        job: Type.String({
          format: 'uuid',
          description: 'its student becomes the teacher, once it has succeeded; the job waits for it',
        }),
      },
      strict,
    ),
    Type.Object(
      {
        upload: Type.String({
          pattern: '^[0-9a-f]{64}$',
          patternErrorMessage: 'the id of an uploaded model, 64 hexadecimal digits',
          description: 'id of a model sent to POST /v1/models',
        }),
        probabilities: Type.Optional(
          Type.Boolean({
            description: 'the model ends in a softmax: needed where that cannot be seen, as in graphs; default false',
          }),
        ),
      },
      strict,
    ),
  ],
  { description: 'Where a trained teacher comes from.' },
)
export type TeacherSource = Static<typeof TeacherSource>

export const TeacherSpec = Type.Object(
  {
    model: Type.Optional(EntryName),
    params: Type.Optional(Params),
    train: Type.Optional(TrainSpec),
    from: Type.Optional(TeacherSource),
    weight: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 1,
      description: 'share among several teachers',
    }),
    data: Type.Optional(
      Type.Object(
        {
          limit: Type.Optional(Type.Integer({ minimum: 1 })),
          labelNoise: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
        },
        { ...strict, description: 'training samples of this teacher, where they differ from those of the job' },
      ),
    ),
    snapshots: Type.Optional(
      Type.Object(
        { everyEpochs: Type.Integer({ minimum: 1, maximum: 100_000 }) },
        { ...strict, description: 'keeps the teacher as it was on its way, for methods that follow its route' },
      ),
    ),
    trainable: Type.Optional(
      Type.Boolean({ description: 'the method trains this teacher together with the student, from its first weights' }),
    ),
  },
  { ...strict, description: 'Either `model` with `train` (trained inside the job) or `from` (already trained).' },
)
export type TeacherSpec = Static<typeof TeacherSpec>

export const StudentSpec = Type.Object(ModelFields, strict)
export type StudentSpec = Static<typeof StudentSpec>

export const DataSource = Type.Union(
  [
    Type.Object(
      {
        upload: Type.String({
          pattern: '^[0-9a-f]{64}$',
          patternErrorMessage: 'the id of an uploaded data set, 64 hexadecimal digits',
          description: 'id of files sent to POST /v1/datasets',
        }),
      },
      strict,
    ),
    Type.Object(
      {
        s3: Type.String({
          pattern: '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\\u0000]*)?$',
          patternErrorMessage: 'the address of a folder, s3://bucket/prefix',
          description: 'folder in an object store that the workers have credentials for',
        }),
      },
      strict,
    ),
  ],
  { description: 'Where the files of a data set come from; without it, params.path names a folder on the worker.' },
)
export type DataSource = Static<typeof DataSource>

export const Normalisation = Type.Union(
  [
    Type.Literal('standard'),
    Type.Object(
      {
        mean: Type.Array(Type.Number(), { minItems: 1, maxItems: 4096 }),
        std: Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1, maxItems: 4096 }),
      },
      strict,
    ),
  ],
  { description: 'per channel (last axis); standard: mean and deviation of the training samples' },
)
export type Normalisation = Static<typeof Normalisation>

export const DataSpec = Type.Object(
  {
    name: EntryName,
    params: Type.Optional(Params),
    from: Type.Optional(DataSource),
    normalise: Type.Optional(Normalisation),
    balanced: Type.Boolean({ default: true, description: 'limit draws equal shares of the classes' }),
    labelNoise: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'share of the training labels that become another class, drawn by seed',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, description: 'use only this many training samples, drawn by seed' }),
    ),
    validation: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 0.9, description: 'share of the training split held out, by seed' }),
    ),
    seed: Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      default: 0,
      description: 'seed of limit, validation and labelNoise',
    }),
  },
  strict,
)
export type DataSpec = Static<typeof DataSpec>

export const MethodSpec = Type.Object({ name: EntryName, params: Type.Optional(Params) }, strict)
export type MethodSpec = Static<typeof MethodSpec>

export const LossTermSpec = Type.Object(
  {
    name: EntryName,
    params: Type.Optional(Params),
    weight: Type.Number({ minimum: 0, maximum: 1e6, default: 1 }),
    rampEpochs: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'the weight rises as exp(−5(1 − e/rampEpochs)²), then stays' }),
    ),
  },
  { ...strict, description: 'A method\'s loss as one term of a sum; "none" is cross-entropy with the labels.' },
)
export type LossTermSpec = Static<typeof LossTermSpec>

const LayerGlobs = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 256 })

export const StageSpec = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
      patternErrorMessage: 'up to 64 letters, digits, dots, hyphens and underscores',
    }),
    share: Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'of the training; the shares sum to 1' }),
    methods: Type.Array(LossTermSpec, { minItems: 1, maxItems: 16 }),
    train: Type.Optional(LayerGlobs),
    freeze: Type.Optional(LayerGlobs),
    optimizer: Type.Optional(OptimizerSpec),
    schedule: Type.Optional(ScheduleSpec),
  },
  {
    ...strict,
    description:
      'One stage: a weighted sum of losses. `train`/`freeze` are globs over the layers of the student. With a schedule of its own a stage counts its own epochs.',
  },
)
export type StageSpec = Static<typeof StageSpec>

export const EvaluateSpec = Type.Object(
  {
    split: Type.Enum(['test', 'validation'], { default: 'test', description: 'split of the final metrics and gates' }),
    everyEpochs: Type.Integer({ minimum: 0, maximum: 100_000, default: 1, description: '0: only at the end' }),
    baseline: Type.Boolean({
      default: false,
      description: 'also train the same student, from the same weights, without a teacher, as a control',
    }),
    batchSize: Type.Integer({ minimum: 1, maximum: 65_536, default: 500 }),
    latencyRuns: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 100,
      description: 'timed single-sample runs; 0: none',
    }),
  },
  strict,
)
export type EvaluateSpec = Static<typeof EvaluateSpec>

export const ExportSpec = Type.Object(
  {
    name: Type.Optional({ ...EntryName, description: 'folder of the export; default: its format' }),
    format: EntryName,
    params: Type.Optional(Params),
  },
  strict,
)
export type ExportSpec = Static<typeof ExportSpec>

export const ResourcesSpec = Type.Object(
  {
    gpus: Type.Integer({ minimum: 0, maximum: 1, default: 0, description: '1: fail rather than fall back to CPU' }),
    gpuMemoryGb: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 4096, description: 'least memory of the GPU; needs gpus: 1' }),
    ),
    labels: Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), WorkerLabel, {
      default: {},
      description: 'labels that the worker must have, e.g. zone: a',
    }),
    memoryGb: Type.Optional(Type.Number({ minimum: 0.5, maximum: 4096, description: 'resident limit of the trainer' })),
    timeoutMinutes: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100_000 })),
    loaderThreads: Type.Integer({
      minimum: 0,
      maximum: 16,
      default: 1,
      description: 'threads that prepare batches; 0: the training thread. Changes no number',
    }),
    attempts: Type.Integer({
      minimum: 1,
      maximum: 20,
      default: 3,
      description: 'attempts after failures that are not yours',
    }),
  },
  strict,
)
export type ResourcesSpec = Static<typeof ResourcesSpec>

/** When a job that waits for another may start: the other succeeded, also passed its gates, or just ended. */
export const DEPENDENCY_CONDITIONS = ['succeeded', 'passed', 'finished'] as const

export const DependencySpec = Type.Object(
  {
    job: Type.String({ format: 'uuid', description: 'id of the job to wait for' }),
    condition: Type.Enum([...DEPENDENCY_CONDITIONS], {
      default: 'succeeded',
      description: 'what it must have become; passed: succeeded with all gates passed; finished: ended in any way',
    }),
    otherwise: Type.Enum(['fail', 'wait'], {
      default: 'fail',
      description: 'once it ended differently; wait: until somebody retries it',
    }),
  },
  strict,
)
export type DependencySpec = Static<typeof DependencySpec>

export const TASKS = ['classification'] as const

export const JobSpec = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
      patternErrorMessage: 'up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first',
      description: 'a label; need not be unique',
    }),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    task: Type.Enum([...TASKS], { default: 'classification' }),
    data: DataSpec,
    teachers: Type.Array(TeacherSpec, { maxItems: 16, default: [], description: '`teacher: {…}` is short for one' }),
    student: StudentSpec,
    peers: Type.Array(StudentSpec, {
      maxItems: 16,
      default: [],
      description: 'networks that methods without a trained teacher train beside the student',
    }),
    sources: Type.Record(Type.String({ pattern: SOURCE_NAME_PATTERN }), DataSpec, {
      default: {},
      description: 'further data sets, by the names that the method gives them',
    }),
    method: Type.Optional(MethodSpec),
    stages: Type.Optional(
      Type.Array(StageSpec, {
        minItems: 1,
        maxItems: 32,
        description: 'in place of method; `methods: [...]` is short for one stage',
      }),
    ),
    train: TrainSpec,
    evaluate: EvaluateSpec,
    gates: Type.Record(
      Type.String({ maxLength: 64 }),
      Type.String({
        pattern: GATE_PATTERN,
        maxLength: 64,
        patternErrorMessage: 'an operator and a number, e.g. ">= 0.97"',
      }),
      {
        default: {},
        description: 'conditions on result metrics that decide the verdict, e.g. accuracy: ">= 0.97"',
      },
    ),
    export: Type.Array(ExportSpec, { minItems: 1, maxItems: 8, default: [{ format: 'tfjs-layers' }] }),
    resources: ResourcesSpec,
    priority: Type.Integer({ minimum: 0, maximum: 100, default: 50, description: 'higher runs first' }),
    preemptible: Type.Optional(
      Type.Boolean({
        description: 'may be stopped, at a checkpoint, for a job of higher priority, and goes on later; default: false',
      }),
    ),
    after: Type.Optional(
      Type.Array(DependencySpec, {
        maxItems: 64,
        description: 'jobs to wait for; an id is short for {job: id}',
      }),
    ),
    labels: Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Label, { default: {} }),
  },
  { ...strict, $id: 'https://stillhouse.dev/schema/job.json', title: 'Stillhouse job' },
)

/** A job spec in canonical form: every default filled in, shorthands unfolded. */
export type JobSpec = Static<typeof JobSpec>
