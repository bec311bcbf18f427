// A stage's step, ready to run on host batches: traced into one TensorFlow graph, or eager when told so or on another
// backend. Both run the same function, so there is one description of a step.
import { compileStep, isNative } from '@stillhouse/graph'
import type { Stage } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Ops } from '../contracts/ops.ts'
import type { Scalar, Tensor, Tf, Variable } from '../contracts/tf.ts'
import type { BatchPlan, HostBatches } from '../data/batch-source.ts'
import type { Optimizer } from '../optimizers/create-optimizer.ts'
import type { TeacherOutput, TeacherOutputs } from '../teachers/teacher-outputs.ts'
import { rehearseLosses, runUpdates, stageVariables } from './run-updates.ts'
import type { StepScope } from './step-context.ts'
import {
  batchTensors,
  type StepTensors,
  scalarTensors,
  stepBatches,
  teacherTensors,
  zeroBatches,
} from './step-inputs.ts'

export interface StepSetup {
  readonly tf: Tf
  readonly stage: Stage
  readonly optimizers: ReadonlyMap<string, Optimizer>
  /** Null for one that cannot run in a step. */
  readonly teachers: readonly (Network | null)[]
  /** Every variable of the run besides the optimisers' slots. */
  readonly variables: Iterable<Variable>
  readonly batches: BatchPlan
  /** Makes the ops of a run from its step number. */
  readonly ops: (step: () => Scalar) => Ops
  readonly compile: boolean
  readonly teacherOutputs: Pick<TeacherOutputs, 'feeds' | 'shapeOf'>
}

/** What one step is fed. */
interface StepFeed {
  readonly batches: HostBatches
  /** Counted over the whole training. */
  readonly step: number
  readonly epoch: number
  /** Learning rate by role. */
  readonly rates: ReadonlyMap<string, number>
  /** Rows of `fed`, in its order. */
  readonly teacherRows: readonly Float32Array[]
}

export interface TrainingStep {
  /** Names of the logged values, in the order of `run`'s. Known once the step was traced or run. */
  readonly parts: readonly string[]
  /** Outputs of teachers that every step must be fed. */
  readonly fed: readonly TeacherOutput[]
  readonly compiled: boolean
  /** One step. @returns the logged values, [P] */
  run(feed: StepFeed): Tensor
  /** Brings the tf.Variables up to date with the graph's. */
  pull(): void
  dispose(): void
}

export function createTrainingStep(setup: StepSetup): TrainingStep {
  const { tf } = setup
  const compiled = setup.compile && isNative(tf)
  const fed = fedOutputs(setup)
  const notes: StepNotes = { parts: [] }
  const step = stepFunction(setup, fed, notes)
  const runner = compiled
    ? compiledRunner(setup, fed, step)
    : { run: step, pull: () => undefined, dispose: () => undefined }
  return {
    get parts() {
      return notes.parts
    },
    fed,
    compiled,
    run: (feed) => tf.tidy(() => runner.run(feedTensors(setup, fed, feed))['parts'] as Tensor),
    pull: runner.pull,
    dispose: runner.dispose,
  }
}

/** What is learnt about a step while it runs for the first time. */
interface StepNotes {
  parts: string[]
}

type StepFunction = (inputs: StepTensors) => StepTensors

function stepFunction(setup: StepSetup, fed: readonly TeacherOutput[], notes: StepNotes): StepFunction {
  const { tf } = setup
  return (inputs) => {
    const scope = stepScope(setup, inputs, (output) => {
      const i = fed.findIndex((one) => one.teacher === output.teacher && one.tap === output.tap)
      return i < 0 ? undefined : inputs[`teacher:${i}`]
    })
    const parts = runUpdates(scope, { ...setup, rate: (role) => inputs[`rate:${role}`] as Scalar })
    notes.parts = parts.map(({ name }) => name)
    return { parts: parts.length === 0 ? tf.zeros([0]) : tf.stack(parts.map(({ value }) => value)) }
  }
}

function stepScope(setup: StepSetup, inputs: StepTensors, fedOutput: StepScope['fedOutput']): StepScope {
  return {
    tf: setup.tf,
    ops: setup.ops(() => inputs['step'] as Scalar),
    ...stepBatches(setup.batches, inputs),
    epoch: inputs['epoch'] as Scalar,
    step: inputs['step'] as Scalar,
    teachers: setup.teachers,
    fedOutput,
    passes: new Map(),
    moved: [],
  }
}

/** Finds out which outputs of its teachers a stage uses, and which of them it is fed. */
function fedOutputs(setup: StepSetup): TeacherOutput[] {
  const { tf, stage, teachers, teacherOutputs } = setup
  const fed: TeacherOutput[] = []
  if (teachers.length === 0) return fed
  tf.tidy(() => {
    const inputs = feedTensors(setup, [], exampleFeed(setup))
    const zeros = new Map<string, Tensor>()
    const scope = stepScope(setup, inputs, (output) => {
      if (teacherOutputs.feeds(output) === 'live') return undefined
      const key = `${output.teacher} ${output.tap}`
      const known = zeros.get(key) ?? tf.zeros([setup.batches.batchSize, ...teacherOutputs.shapeOf(output)])
      if (!zeros.has(key)) fed.push(output)
      zeros.set(key, known)
      return known
    })
    rehearseLosses(scope, stage)
  })
  return fed
}

interface Runner {
  run(inputs: StepTensors): StepTensors
  pull(): void
  dispose(): void
}

function compiledRunner(setup: StepSetup, fed: readonly TeacherOutput[], step: StepFunction): Runner {
  const { tf, stage, optimizers } = setup
  const variables = [...new Set([...setup.variables, ...stageVariables(stage, optimizers.values())])]
  const inputs = tf.tidy(() => feedTensors(setup, fed, exampleFeed(setup)))
  try {
    return compileStep({ tf, step, inputs, variables, name: stage.name })
  } finally {
    tf.dispose(inputs)
  }
}

function feedTensors(setup: StepSetup, fed: readonly TeacherOutput[], feed: StepFeed): StepTensors {
  const { tf, batches, teacherOutputs } = setup
  const shapes = fed.map((output) => [batches.batchSize, ...teacherOutputs.shapeOf(output)])
  return {
    ...batchTensors(tf, batches, feed.batches),
    ...scalarTensors(tf, feed),
    ...teacherTensors(tf, shapes, feed.teacherRows),
  }
}

/** Zeros of the right shapes: tracing needs no more. */
function exampleFeed({ batches, optimizers }: StepSetup): StepFeed {
  const rates = new Map([...optimizers.keys()].map((role) => [role, 0] as const))
  return { batches: zeroBatches(batches), step: 0, epoch: 0, rates, teacherRows: [] }
}
