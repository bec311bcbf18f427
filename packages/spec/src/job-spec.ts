// The declarative job: what a user writes. This schema is published as JSON Schema, validates every submission,
// and gives the TypeScript type; there is no second description of a job anywhere.
import { type Static, Type } from 'typebox'
import { GATE_PATTERN } from './gates.ts'

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

export const OPTIMIZERS = ['sgd', 'adam', 'adamw', 'rmsprop'] as const

export const OptimizerGroup = Type.Object(
  {
    match: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'glob over role/layer/weight, e.g. "student/stage3*/*"; the first group that matches counts',
    }),
    learningRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
    weightDecay: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    frozen: Type.Optional(Type.Boolean({ description: 'these weights stay as they are' })),
  },
  strict,
)
export type OptimizerGroup = Static<typeof OptimizerGroup>

export const OptimizerSpec = Type.Object(
  {
    name: Type.Enum([...OPTIMIZERS], { default: 'adam' }),
    learningRate: Type.Number({ exclusiveMinimum: 0, maximum: 100, default: 0.001 }),
    momentum: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'sgd, rmsprop' })),
    nesterov: Type.Optional(Type.Boolean({ description: 'sgd' })),
    beta1: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'adam, adamw; default 0.9' })),
    beta2: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'adam, adamw; default 0.999' })),
    decay: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'rmsprop; default 0.9' })),
    epsilon: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'adam, adamw, rmsprop' })),
    weightDecay: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'L2 added to the gradient; decoupled for adamw' }),
    ),
    decayNormAndBias: Type.Optional(
      Type.Boolean({ description: 'apply weightDecay to batch norm and biases too; default false' }),
    ),
    clipNorm: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'global gradient norm limit' })),
    groups: Type.Optional(
      Type.Array(OptimizerGroup, { maxItems: 64, description: 'weights with a rate or decay of their own' }),
    ),
  },
  strict,
)
export type OptimizerSpec = Static<typeof OptimizerSpec>

export const SCHEDULES = ['constant', 'step', 'cosine', 'linear', 'ramp'] as const

export const ScheduleSpec = Type.Object(
  {
    name: Type.Enum([...SCHEDULES], { default: 'constant' }),
    warmupEpochs: Type.Optional(Type.Number({ minimum: 0, description: 'linear ramp from 0 to the full rate' })),
    milestones: Type.Optional(
      Type.Array(Type.Number({ minimum: 0 }), { maxItems: 64, description: 'step: epochs at which the rate drops' }),
    ),
    factor: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'step: default 0.1' })),
    floor: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'cosine, linear: end rate as a share; default 0' }),
    ),
    rampEpochs: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'ramp: rate rises as exp(−5(1 − e/rampEpochs)²), then stays' }),
    ),
  },
  strict,
)
export type ScheduleSpec = Static<typeof ScheduleSpec>

export const AugmentSpec = Type.Object(
  {
    shift: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 16, description: 'random shift up to ± this many pixels' }),
    ),
    flip: Type.Optional(Type.Boolean({ description: 'random left–right flip' })),
    cutout: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 64, description: 'side of a random square set to zero' }),
    ),
    noise: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'sd of added Gaussian noise' })),
    rotate: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 180, description: 'random rotation up to ± this many degrees' }),
    ),
    mixup: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 10,
        description: 'alpha of mixup: samples and labels of a batch are mixed in pairs, λ ~ Beta(alpha, alpha)',
      }),
    ),
  },
  strict,
)
export type AugmentSpec = Static<typeof AugmentSpec>

export const EmaSpec = Type.Object(
  {
    decay: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.999 }),
    warmup: Type.Boolean({ default: true, description: 'decay of step g is at most 1 − 1/g' }),
  },
  { ...strict, description: 'moving average of the weights, which is evaluated and exported in their place' },
)
export type EmaSpec = Static<typeof EmaSpec>

export const EarlyStopping = Type.Object(
  {
    patience: Type.Integer({ minimum: 1, maximum: 100_000, description: 'evaluations without a better one' }),
    minDelta: Type.Number({ minimum: 0, default: 0, description: 'how much better counts' }),
  },
  { ...strict, description: 'ends a stage early; needs data.validation' },
)
export type EarlyStopping = Static<typeof EarlyStopping>

export const TrainSpec = Type.Object(
  {
    epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    steps: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
    batchSize: Type.Integer({ minimum: 1, maximum: 65_536, default: 64 }),
    optimizer: OptimizerSpec,
    schedule: ScheduleSpec,
    accumulate: Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: 1,
      description: 'batches whose gradients are averaged before the weights move',
    }),
    ema: Type.Optional(EmaSpec),
    earlyStopping: Type.Optional(EarlyStopping),
    keep: Type.Enum(['last', 'best'], {
      default: 'last',
      description: 'weights that a training ends with; best: of its best evaluation on data.validation',
    }),
    teacherCache: Type.Enum(['auto', 'on', 'off'], {
      default: 'auto',
      description: 'outputs of frozen teachers computed once; auto: unless samples are augmented',
    }),
    augment: Type.Optional(AugmentSpec),
    seed: Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0 }),
    checkpointSeconds: Type.Number({
      minimum: 0.05,
      maximum: 3600,
      default: 20,
      description: 'seconds between checkpoints; one is also written at the end of each stage and on cancel',
    }),
    compile: Type.Boolean({
      default: true,
      description: 'trace the step into one TensorFlow graph; false runs eagerly, for debugging',
    }),
  },
  { ...strict, description: 'Exactly one of epochs and steps.' },
)
export type TrainSpec = Static<typeof TrainSpec>

const ModelFields = {
  model: EntryName,
  params: Type.Optional(Params),
}

export const TeacherSource = Type.Union(
  [
    Type.Object(
      { job: Type.String({ format: 'uuid', description: 'a succeeded job: its student becomes the teacher' }) },
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
    labels: Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Label, { default: {} }),
  },
  { ...strict, $id: 'https://stillhouse.dev/schema/job.json', title: 'Stillhouse job' },
)

/** A job spec in canonical form: every default filled in, shorthands unfolded. */
export type JobSpec = Static<typeof JobSpec>
