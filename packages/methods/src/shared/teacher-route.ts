// The way a teacher went, as a list of networks to learn from: its copies, oldest first, then itself; several teachers one
// after the other.
import type { MethodSetup, Network, StepContext, Tensor } from '@stillhouse/engine'

export interface RoutePoint {
  /** Null for a teacher that cannot run outside its own runtime. */
  readonly network: Network | null
  /** [B, K] on the main batch, never differentiated */
  logits(step: StepContext): Tensor
}

export function teacherRoute({ teachers }: Pick<MethodSetup, 'teachers'>): RoutePoint[] {
  return teachers.flatMap(({ network, snapshots }, i) => [
    ...snapshots.map((snapshot): RoutePoint => ({ network: snapshot, logits: ({ infer }) => infer(snapshot).logits })),
    // by its number, so that its outputs may come from the cache
    { network, logits: ({ teacher }: StepContext) => teacher(i).logits },
  ])
}
