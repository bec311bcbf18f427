// The contract of the methods shelf. A method names the networks it trains and the losses; the engine owns the loop,
// the optimisers, tracing, checkpoints and metrics. Nothing in the engine knows any method by name.
import type { OptimizerSpec } from '@stillhouse/spec'
import type { Architecture } from './architecture.ts'
import type { Network, Outputs } from './network.ts'
import type { Ops } from './ops.ts'
import type { ParamFault, ShelfEntry, Signature } from './shelf.ts'
import type { Scalar, Tensor, Tf, Variable } from './tf.ts'

/** What a method asks of a job; checked at submit. */
export interface Needs {
  readonly teachers: { readonly min: number; readonly max: number }
  readonly labels: boolean
}

export interface Method extends ShelfEntry {
  readonly needs: Needs
  /** Faults that the parameter schema cannot say, found without tensors. */
  check?(params: unknown, job: MethodJob): ParamFault[]
  /** Builds what a run needs and says what each step does. Called once per attempt, before any resume. */
  plan(setup: MethodSetup): Plan
}

/** The job as a method may see it at submit. `null` where an architecture is only known when it is loaded. */
export interface MethodJob {
  readonly signature: Signature
  readonly student: Architecture
  readonly teachers: readonly (Architecture | null)[]
}

export interface MethodSetup {
  readonly tf: Tf
  readonly ops: Ops
  /** Checked, defaults filled in. */
  readonly params: unknown
  readonly signature: Signature
  /** The job's student, initialised from the job's seed. */
  readonly student: Network
  readonly studentArchitecture: Architecture
  /** Frozen, in the order of the spec, with their weights' shares (sum 1). */
  readonly teachers: readonly { readonly network: Network; readonly share: number }[]
  /** Length of the job's training, from train.epochs or train.steps. */
  readonly epochs: number
  /** Another network (peer, adapter, discriminator …), initialised from the job's seed and its role. */
  build(role: string, architecture: Architecture): Network
  /**
   * A state tensor of the method (memory bank, gate, running mean): checkpointed, changed only by updates.
   * @param initial taken over and disposed, unless it is a variable
   */
  state(name: string, initial: Tensor, options?: { trainable?: boolean }): Variable
}

export interface Plan {
  readonly stages: readonly Stage[]
  /** The network that is evaluated and exported. */
  readonly deploy: Network
}

export interface Stage {
  /** Unique in the plan; shown in progress, metrics and checkpoints. */
  readonly name: string
  /**
   * Share of the job's epochs that this stage runs; the shares of a plan sum to 1. Stages follow one another in one
   * training: epochs, the order of the data and the learning-rate schedule go on from one to the next.
   */
  readonly share: number
  readonly players: readonly Player[]
  /** In order, once per step; all compile into one graph. */
  readonly updates: readonly Update[]
  /** Networks evaluated while this stage runs; default: the plan's `deploy`. */
  readonly evaluate?: readonly Network[]
}

/** Something an optimiser trains. */
export interface Player {
  readonly role: string
  readonly variables: readonly Variable[]
  /** Default: the job's train.optimizer. Its learning rate follows the job's schedule; its state begins with the stage. */
  readonly optimizer?: OptimizerSpec
}

export type Update = GradientUpdate | StateUpdate

/** One gradient step of the named players on the sum of the named parts. */
export interface GradientUpdate {
  readonly kind: 'gradient'
  readonly name: string
  /** Roles of players; only their variables change. */
  readonly trains: readonly string[]
  /**
   * Scalar loss parts by name; the engine sums them and logs each. Weights belong into the parts. The names must be the
   * same at every step.
   */
  loss(step: StepContext): Readonly<Record<string, Scalar>>
}

/** A change without gradient: moving average, queue, memory bank. */
export interface StateUpdate {
  readonly kind: 'state'
  readonly name: string
  /** Variables that it may assign. */
  readonly changes: readonly Variable[]
  run(step: StepContext): void
}

/**
 * What a step may use. Everything here is traced: no reading of values, no branching on them.
 * Forward passes of the same network, input and mode are computed once per update.
 */
export interface StepContext {
  readonly tf: Tf
  readonly ops: Ops
  readonly batch: Batch
  /** Epochs of the plan done so far as a fraction, a scalar input of the graph: for ramps and schedules. */
  readonly epoch: Scalar
  /** Training pass: batch statistics, dropout on; moving statistics are updated once per step and network. */
  train(network: Network, x?: Tensor): Outputs
  /** Inference pass: moving statistics, no dropout. */
  infer(network: Network, x?: Tensor): Outputs
  /** Outputs of frozen teacher `index` on the batch; may come from the teacher-output cache. Never differentiated. */
  teacher(index: number): Outputs
}

export interface Batch {
  /** [B, …inputShape] float32, augmented. */
  readonly x: Tensor
  /** [B] int32 class indices. */
  readonly y: Tensor
  /** [B] int32 stable sample numbers of the split. */
  readonly index: Tensor
  readonly size: number
}
