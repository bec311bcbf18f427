// A network in a training run: stock tfjs layers, driven by the engine's own forward pass.
import type { LayersModel, Tensor, Variable } from './tf.ts'

export interface Network {
  /** Role in the job: `student`, `teacher`, `teachers[1]`, `adapter:stage2`, `discriminator` … Unique in a plan. */
  readonly role: string
  /** Stock layers only: it exports and opens anywhere. */
  readonly model: LayersModel
  /** Named taps → layer names; every layer name is a tap too. */
  readonly taps: Readonly<Record<string, string>>
  /** Weights that an optimiser may change, in a fixed order. */
  readonly trainable: readonly Variable[]
  /** Everything a checkpoint holds: trainable weights, then batch-norm statistics. */
  readonly variables: readonly Variable[]
  /** A frozen network is a constant of the step: no variable of it may change. */
  readonly frozen: boolean
}

/** What a forward pass gives. */
export interface Outputs {
  /** Last layer, [B, classes]. */
  readonly logits: Tensor
  /** Feature by tap or layer name. @throws when there is no such layer, naming those there are */
  tap(name: string): Tensor
}
