// The contract of the models shelf.

import type { Architecture } from './architecture.ts'
import type { ParamFault, ShelfEntry, Signature } from './shelf.ts'

export interface ModelFamily extends ShelfEntry {
  /** Faults that the parameter schema cannot say, e.g. a depth that the family does not have or an input too small. */
  check(params: unknown, signature: Signature): ParamFault[]
  /** The network for checked parameters. Pure: same arguments, same architecture. */
  architecture(params: unknown, signature: Signature): Architecture
}
