// What a pure loss function computes with.
import type { Ops, Tf } from '@stillhouse/engine'

export interface Maths {
  readonly tf: Tf
  readonly ops: Pick<Ops, 'stopGradient'>
}
