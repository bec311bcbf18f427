// A frozen teacher as its outputs are computed outside of a step: a network of ours, or one that only runs elsewhere.
import type { Network } from '../contracts/network.ts'
import type { ForeignModel } from './foreign-model.ts'

/** Exactly one of `network` and `foreign` is set. */
export interface OpenTeacher {
  /** sha256 over architecture and weights: equal digests mean equal answers. */
  readonly digest: string
  readonly network: Network | null
  readonly foreign: ForeignModel | null
}
