// A stage's step, ready to run on host batches: traced into one TensorFlow graph, or eager when told so or on another
// backend. Both run the same function, so there is one description of a step.
import { compileStep, isNative } from '@stillhouse/graph'
import type { Stage } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Signature } from '../contracts/shelf.ts'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'
import type { HostBatch } from '../data/create-batches.ts'
import type { Optimizer } from '../optimizers/create-optimizer.ts'
import { runUpdates, stageVariables } from './run-updates.ts'

export interface StepSetup {
  readonly tf: Tf
  readonly stage: Stage
  readonly optimizers: ReadonlyMap<string, Optimizer>
  readonly teachers: readonly Network[]
  /** Every variable of the run besides the optimisers' slots. */
  readonly variables: Iterable<Variable>
  readonly signature: Signature
  readonly batchSize: number
  /** Makes the ops of a run from its step number. */
  readonly ops: (step: () => Scalar) => Ops
  readonly compile: boolean
  /** Whether `teacherLogits` may be fed instead of running the teachers. */
  readonly cacheTeachers: boolean
}

/** What one step is fed. */
interface StepFeed {
  readonly batch: Pick<HostBatch, 'x' | 'y' | 'index'>
  /** Counted over the whole plan. */
  readonly step: number
  readonly epoch: number
  /** Learning rate by role. */
  readonly rates: ReadonlyMap<string, number>
  /** Logits [B, K] of the teachers in `usesLogitsOf`. */
  readonly teacherLogits: ReadonlyMap<number, Float32Array>
}

export interface TrainingStep {
  /** Names of the loss parts, in the order of `run`'s values. Known once the step was traced or run. */
  readonly parts: readonly string[]
  /** Teachers whose logits must be fed. Known once the step was traced; empty when they run in the step. */
  readonly usesLogitsOf: ReadonlySet<number>
  readonly compiled: boolean
  /** One step. @returns the loss parts, [P] */
  run(feed: StepFeed): Tensor
  /** Brings the tf.Variables up to date with the graph's. */
  pull(): void
  dispose(): void
}

export function createTrainingStep(setup: StepSetup): TrainingStep {
  const compiled = setup.compile && isNative(setup.tf)
  const notes: StepNotes = { parts: [], usesLogitsOf: new Set() }
  const step = stepFunction(setup, notes, compiled && setup.cacheTeachers)
  const runner = compiled ? compiledRunner(setup, step) : eagerRunner(step)
  const tensors = (feed: StepFeed) => feedTensors(setup, feed, compiled && setup.cacheTeachers)
  return {
    get parts() {
      return notes.parts
    },
    usesLogitsOf: notes.usesLogitsOf,
    compiled,
    run: (feed) => setup.tf.tidy(() => runner.run(tensors(feed))['parts'] as Tensor),
    pull: runner.pull,
    dispose: runner.dispose,
  }
}

/** What is learnt about a step while it runs for the first time. */
interface StepNotes {
  parts: string[]
  readonly usesLogitsOf: Set<number>
}

type StepFunction = (inputs: Record<string, Tensor>) => Record<string, Tensor>

function stepFunction(setup: StepSetup, notes: StepNotes, cached: boolean): StepFunction {
  const { tf, batchSize, teachers } = setup
  return (inputs) => {
    const input = (name: string) => inputs[name] as Scalar
    const logitsOf = (index: number) => {
      notes.usesLogitsOf.add(index)
      return input(`teacher:${index}`)
    }
    const scope = {
      tf,
      ops: setup.ops(() => input('step')),
      batch: { x: input('x'), y: input('y'), index: input('index'), size: batchSize },
      epoch: input('epoch'),
      teachers,
      cachedLogits: (index: number) => (cached ? logitsOf(index) : undefined),
      passes: new Map(),
      moved: [],
    }
    const parts = runUpdates(scope, { ...setup, rate: (role) => input(`rate:${role}`) })
    notes.parts = parts.map(({ name }) => name)
    return { parts: parts.length === 0 ? tf.zeros([0]) : tf.stack(parts.map(({ value }) => value)) }
  }
}

interface Runner {
  run(inputs: Record<string, Tensor>): Record<string, Tensor>
  pull(): void
  dispose(): void
}

function eagerRunner(step: StepFunction): Runner {
  return { run: step, pull: () => undefined, dispose: () => undefined }
}

function compiledRunner(setup: StepSetup, step: StepFunction): Runner {
  const { tf, stage, optimizers } = setup
  const variables = [...new Set([...setup.variables, ...stageVariables(stage, optimizers.values())])]
  const inputs = tf.tidy(() => feedTensors(setup, exampleFeed(setup), setup.cacheTeachers))
  try {
    return compileStep({ tf, step, inputs, variables, name: stage.name })
  } finally {
    tf.dispose(inputs)
  }
}

function feedTensors(setup: StepSetup, feed: StepFeed, cached: boolean): Record<string, Tensor> {
  const { tf, signature, batchSize, optimizers, teachers } = setup
  const inputs: Record<string, Tensor> = {
    x: tf.tensor(feed.batch.x, [batchSize, ...signature.inputShape], 'float32'),
    y: tf.tensor1d(feed.batch.y, 'int32'),
    index: tf.tensor1d(feed.batch.index, 'int32'),
    step: tf.scalar(feed.step, 'int32'),
    epoch: tf.scalar(feed.epoch, 'float32'),
  }
  for (const role of optimizers.keys()) inputs[`rate:${role}`] = tf.scalar(feed.rates.get(role) ?? 0, 'float32')
  if (!cached) return inputs
  teachers.forEach((_, index) => {
    const logits = feed.teacherLogits.get(index)
    const shape: [number, number] = [batchSize, signature.classes]
    inputs[`teacher:${index}`] = logits === undefined ? tf.zeros(shape) : tf.tensor2d(logits, shape, 'float32')
  })
  return inputs
}

/** Zeros of the right shapes: tracing needs no more. */
function exampleFeed({ signature, batchSize }: StepSetup): StepFeed {
  const sampleSize = signature.inputShape.reduce((product, axis) => product * axis, 1)
  return {
    batch: {
      x: new Float32Array(batchSize * sampleSize),
      y: new Int32Array(batchSize),
      index: new Int32Array(batchSize),
    },
    step: 0,
    epoch: 0,
    rates: new Map(),
    teacherLogits: new Map(),
  }
}
