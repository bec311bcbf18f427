// How a network is trained: the block that the student and every teacher of a job have.
import { type Static, Type } from 'typebox'

const strict = { additionalProperties: false } as const

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
