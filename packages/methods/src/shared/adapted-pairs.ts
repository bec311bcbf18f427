// The pairs of features of a run, brought to one shape: an adapter per pair and teacher, trained beside the student and
// discarded with the method.
import {
  type MethodSetup,
  type Network,
  type Outputs,
  type Player,
  type StepContext,
  type Tensor,
  TrainingError,
} from '@stillhouse/engine'
import type { Adapter, Shape } from './adapter.ts'
import type { TapPair } from './tap-pairs.ts'

export interface AdaptedPair {
  /** [B, …shape of the teacher's tap], through the adapter */
  readonly student: Tensor
  /** [B, …], never differentiated */
  readonly teacher: Tensor
  /** Of the teacher, sum 1 over those of one pair. */
  readonly share: number
}

export interface AdaptedPairs {
  /** One per adapter; none where shapes are equal and the method needs no adapter then. */
  readonly players: readonly Player[]
  /** Every pair with every teacher. @param student a pass of the student */
  of(step: StepContext, student: Outputs): AdaptedPair[]
}

/**
 * @param options.adapter what the method puts between two shapes, as it was checked at submit
 * @throws TrainingError `spec.rejected` when a teacher that was loaded does not fit
 */
export function adaptedPairs(
  setup: MethodSetup,
  { pairs, adapter }: { readonly pairs: readonly TapPair[]; adapter(from: Shape, to: Shape): Adapter },
): AdaptedPairs {
  const open = pairs.flatMap((pair) =>
    setup.teachers.map((teacher, m) => {
      const from = setup.shapeOf(setup.student, pair.student)
      const found = adapter(from, teacher.shapeOf(pair.teacher))
      if (!found.ok)
        throw new TrainingError(
          'spec.rejected',
          `Tap ${pair.student} of the student and ${pair.teacher} of teacher ${m}: ${found.message}. Expected ${found.expected}; received ${found.received}.`,
        )
      const role = roleOf(pair, setup.teachers.length > 1 ? m : null)
      const network = found.architecture === null ? null : setup.build(role, found.architecture)
      return { pair, m, share: teacher.share, role, network }
    }),
  )
  return {
    players: open.flatMap(({ role, network }) => (network === null ? [] : [playerOf(role, network)])),
    of: (step, student) =>
      open.map(({ pair, m, share, network }) => {
        const feature = student.tap(pair.student)
        const adapted = network === null ? feature : step.train(network, feature).logits
        return { student: adapted, teacher: step.teacher(m).tap(pair.teacher), share }
      }),
  }
}

const roleOf = ({ student, teacher }: TapPair, m: number | null) =>
  `adapter:${student}:${teacher}${m === null ? '' : `@${m}`}`

/** The role as the method knows it: in a sum the network's own is a longer one. */
function playerOf(role: string, { trainable }: Network): Player {
  return { role, variables: trainable }
}
