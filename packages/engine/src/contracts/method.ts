// The contract of the methods shelf. A method names the networks it trains and the losses; the engine owns the loop,
// the optimisers, tracing, checkpoints and metrics. Nothing in the engine knows any method by name.
import type { OptimizerSpec, ScheduleSpec } from '@stillhouse/spec'
import type { RandomStream } from '../random/random-stream.ts'
import type { Architecture } from './architecture.ts'
import type { Batch, StreamSpec } from './batch.ts'
import type { Network, Outputs } from './network.ts'
import type { Ops } from './ops.ts'
import type { JobFault, ParamFault, ShelfEntry, Signature } from './shelf.ts'
import type { Scalar, Tensor, Tf, Variable } from './tf.ts'

interface Count {
  readonly min: number
  readonly max: number
}

/** What a method asks of a job; checked at submit. */
export interface Needs {
  /** Trained teachers, or with `trainableTeachers` teachers that the method trains. */
  readonly teachers: Count
  readonly trainableTeachers?: boolean
  /** Set when the method runs its teachers itself, on more than the main batch: graphs of other runtimes cannot. */
  readonly teacherNetworks?: boolean
  /** Networks beside the student; default none. */
  readonly peers?: Count
  readonly labels: boolean
  /** Set when mixed labels (mixup) would make no sense of the method. */
  readonly hardLabels?: boolean
  /** Names of the further data sets that the job must give. */
  readonly sources?: readonly string[]
  /** Least number of samples in a batch; default 1. */
  readonly batchSize?: number
}

interface MethodBase extends ShelfEntry {
  readonly needs: Needs
  /** Faults that the parameter schema cannot say, found without tensors. */
  check?(params: unknown, job: MethodJob): (ParamFault | JobFault)[]
  /** Which parameters read labels where the training samples have none; without it `needs.labels` decides. */
  withoutLabels?(params: unknown): ParamFault[]
}

/** A loss on one student, with what it trains beside it. The engine makes its stage, alone or in a sum with others. */
export interface TermMethod extends MethodBase {
  /**
   * Whether the term has its own part for the labels. Without one, cross-entropy is added where the method stands alone;
   * in a sum (`methods: […]`) every term is what its own `loss` says.
   */
  readonly ownLabels: boolean
  /** What its batches hold beside samples and labels, as its parameters ask for it; the run may draw fewer. */
  draws?(params: unknown): Pick<StreamSpec, 'negatives'>
  /** Called once per attempt and stage, before any resume. */
  term(setup: MethodSetup): Term
}

/** A method with stages or several trained networks of its own. */
export interface PlanMethod extends MethodBase {
  /** Builds what a run needs and says what each step does. Called once per attempt, before any resume. */
  plan(setup: MethodSetup): Plan
}

export type Method = TermMethod | PlanMethod

export interface Term {
  /** Trained together with the student by the same gradient: adapters, embeddings, learnt variances. */
  readonly players?: readonly Player[]
  /** Named parts, unweighted by the job; `student` is the training pass on the batch. */
  loss(step: StepContext, student: Outputs): Readonly<Record<string, Scalar>>
  /** After the gradient step: memory banks, moving averages. */
  readonly after?: readonly StateUpdate[]
  /** What the batches must hold beside samples and labels. */
  readonly batch?: Pick<StreamSpec, 'views' | 'negatives'>
  /** Batches beside the main one, by name. */
  readonly streams?: Readonly<Record<string, StreamSpec>>
}

/** The job as a method may see it at submit. `null` where an architecture is only known when it is loaded. */
export interface MethodJob {
  readonly signature: Signature
  readonly student: Architecture
  readonly teachers: readonly (Architecture | null)[]
  /** More about the teachers, in the same order; default: no snapshots, and not foreign. */
  readonly teacherTraits?: readonly TeacherTraits[]
  readonly peers: readonly Architecture[]
  readonly batchSize: number
  /** Whether batches mix the labels of samples (mixup); default false. */
  readonly mixedLabels?: boolean
  /** Signatures of further data sets by name, and how many of their samples the job uses at most. */
  readonly sources: Readonly<Record<string, Signature & { readonly limit?: number }>>
}

/** What can be known of a teacher at submit, beside its architecture. */
export interface TeacherTraits {
  /** Copies that it leaves on its way, without its end. Null where their number shows only with the data: train.steps. */
  readonly snapshots: number | null
  /** A graph that cannot run inside a step: it answers on the main batch only, and trains nowhere. */
  readonly foreign: boolean
}

export interface SetupTeacher {
  /**
   * Frozen, unless `needs.trainableTeachers`. Null for a teacher that cannot run inside a step (ONNX, SavedModel): its
   * outputs on the main batch are had by `step.teacher(i)` as everyone's.
   */
  readonly network: Network | null
  /** Share among the teachers, sum 1. */
  readonly share: number
  /** The same teacher as it was on its way, oldest first, without its end; frozen. Empty unless the job keeps them. */
  readonly snapshots: readonly Network[]
  /** Shape of an output without the batch axis. @throws Error when there is no such tap, naming those there are */
  shapeOf(tap: string): readonly number[]
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
  /** In the order of the spec. */
  readonly teachers: readonly SetupTeacher[]
  /** In the order of the spec, initialised from the job's seed and their role `peers[i]`. */
  readonly peers: readonly { readonly network: Network; readonly architecture: Architecture }[]
  /** Length of the job's training, from train.epochs or train.steps. */
  readonly epochs: number
  /** The job's schedule: for a stage that restarts it. */
  readonly schedule: ScheduleSpec
  readonly batchSize: number
  /** Batches whose gradients are averaged before the weights move (train.accumulate), for updates that go along with them. */
  readonly accumulate: number
  /** Training samples: rows of a memory bank, whose row of a sample is `batch.place`. */
  readonly samples: number
  /** Signatures of further data sets by name. */
  readonly sources: Readonly<Record<string, Signature>>
  /** Another network (peer, adapter, discriminator …), initialised from the job's seed and its role. */
  build(role: string, architecture: Architecture): Network
  /**
   * Numbers of the job's seed for what is drawn before the first step: rows of a memory, a random mixture. The same site
   * gives the same numbers again, in every process. (`ops` draws inside steps.)
   * @param site unique in the method
   */
  random(site: string): RandomStream
  /**
   * A state tensor of the method (memory bank, gate, running mean): checkpointed, changed only by updates.
   * @param initial taken over and disposed, unless it is a variable
   */
  state(name: string, initial: Tensor, options?: { trainable?: boolean }): Variable
  /**
   * The part of a network that leads to one of its taps, sharing its variables: one branch to deploy, an encoder.
   * @throws Error when there is no such tap, naming those there are
   */
  cut(network: Network, tap: string): Network
  /** Shape of a tap without the batch axis. @throws Error when there is no such tap, naming those there are */
  shapeOf(network: Network, tap: string): readonly number[]
}

export interface Plan {
  readonly stages: readonly Stage[]
  /** The network that is evaluated and exported. */
  readonly deploy: Network
  /** Further networks that the job hands out, evaluated at the end and exported beside `deploy`, by name. */
  readonly also?: Readonly<Record<string, Network>>
  /**
   * More stages, when what they are depends on what these learn: an architecture that was found, the next anchor. They go
   * on from the weights that these end with: only of the last plan the average or the best are kept (train.ema, train.keep).
   */
  readonly next?: NextPlan
}

export interface NextPlan {
  /** Looks at the values that the stages so far ended with. @returns plain JSON, kept in every checkpoint */
  decide(host: HostContext): Promise<unknown>
  /** Pure: the same decision gives the same plan in another process. Its shares count on from those before. */
  plan(decision: unknown): Plan
}

/** What the host may look at between stages. */
export interface HostContext {
  /** A copy of the values. */
  read(variable: Variable): Float32Array
  /**
   * Logits [N, K] of a network in inference mode, with the samples' classes [N].
   * @param on the training samples, or the hold-out (`data.validation`; the training samples where there is none)
   */
  logits(network: Network, on: 'train' | 'validation'): Promise<{ logits: Float32Array; labels: Int32Array }>
}

export interface Stage {
  /** Unique in the plan; shown in progress, metrics and checkpoints. */
  readonly name: string
  /**
   * Share of the job's epochs that this stage runs; the shares of a plan and of those that follow it sum to 1. Stages
   * follow one another in one training: epochs, the order of the data and the learning-rate schedule go on from one to
   * the next.
   */
  readonly share: number
  readonly players: readonly Player[]
  /** In order, once per step; all compile into one graph. */
  readonly updates: readonly Update[]
  /** Networks evaluated while this stage runs; default: the plan's `deploy`. */
  readonly evaluate?: readonly Network[]
  /** A schedule over this stage's own epochs, from its start; default: the job's over the whole training. */
  readonly schedule?: ScheduleSpec
  /** What the main batches are; default: the training samples, shuffled, one view each. */
  readonly batch?: StreamSpec
  /** Batches beside the main one, by name; `step.stream(name)`. */
  readonly streams?: Readonly<Record<string, StreamSpec>>
  /**
   * Host code before the first step: sets variables from others (a student takes over surviving weights).
   * Runs once; a resume begins with what it left.
   */
  begin?(host: HostContext): void | Promise<void>
}

/** Something an optimiser trains. */
export interface Player {
  readonly role: string
  readonly variables: readonly Variable[]
  /** Default: the job's train.optimizer. Its learning rate follows the schedule; its state begins with the stage. */
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
  /** May give values to log beside the losses, by name. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a body that returns nothing is the usual one
  run(step: StepContext): void | Readonly<Record<string, Scalar>>
}

/**
 * What a step may use. Everything here is traced: no reading of values, no branching on them.
 * Forward passes of the same network, input and mode are computed once per update, and no further than what is asked of
 * them: a pass of which only `stage1` is tapped neither computes later layers nor moves their statistics.
 */
export interface StepContext {
  readonly tf: Tf
  readonly ops: Ops
  /** The main batch. */
  readonly batch: Batch
  /** The batch of one of the stage's further streams. */
  stream(name: string): Batch
  /** Epochs of the training done so far as a fraction, a scalar input of the graph: for ramps and schedules. */
  readonly epoch: Scalar
  /** Steps of the training done so far, a scalar int32 input of the graph. */
  readonly step: Scalar
  /** Training pass: batch statistics, dropout on; moving statistics are updated once per step and network. */
  train(network: Network, x?: Tensor): Outputs
  /** Inference pass: moving statistics, no dropout. */
  infer(network: Network, x?: Tensor): Outputs
  /**
   * A pass that begins in the middle: the tap `at` has the value `x` and what comes before it is not run.
   * @param x [B, …shape of the tap]
   */
  resume(network: Network, from: { readonly at: string; readonly x: Tensor; readonly mode: 'train' | 'infer' }): Outputs
  /** Outputs of frozen teacher `index` on the batch; may come from the teacher-output cache. Never differentiated. */
  teacher(index: number): Outputs
}
