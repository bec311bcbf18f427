// Pairs of features that a method compares: how a job names them, and what can be wrong with them at submit.
import { type Architecture, describeArchitecture, type MethodJob, type ParamFault } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type Adapter, type Shape, showShape } from './adapter.ts'

const tapPair = Type.Object(
  {
    student: Type.String({ minLength: 1, maxLength: 200, description: 'tap or layer of the student' }),
    teacher: Type.String({ minLength: 1, maxLength: 200, description: 'tap or layer of each teacher' }),
  },
  { additionalProperties: false },
)
export type TapPair = Static<typeof tapPair>

/** A parameter of one to eight pairs, by default those of equal names. */
export function tapPairs(taps: readonly string[], description: string) {
  const pairs = taps.map((tap) => ({ student: tap, teacher: tap }))
  return Type.Array(tapPair, { minItems: 1, maxItems: 8, default: pairs, description })
}

export interface CheckTapPairs {
  readonly pairs: readonly TapPair[]
  readonly job: Pick<MethodJob, 'student' | 'teachers'>
  /** Name of the parameter. */
  readonly parameter: string
  /** What the method puts between two shapes. */
  adapter(from: Shape, to: Shape): Adapter
}

/** Taps that are not there, and pairs without an adapter. A teacher that is known when it is loaded is left to the run. */
export function tapPairFaults({ pairs, job, parameter, adapter }: CheckTapPairs): ParamFault[] {
  return pairs.flatMap((pair, i) => {
    const path = `/${parameter}/${i}`
    if (pairs.findIndex((one) => one.student === pair.student && one.teacher === pair.teacher) < i)
      return [twice(path, pair)]
    const from = tapOf(job.student, { tap: pair.student, whose: 'the student', path: `${path}/student` })
    const teachers = job.teachers.flatMap((teacher, m) =>
      teacher === null ? [] : [tapOf(teacher, { tap: pair.teacher, whose: `teacher ${m}`, path: `${path}/teacher` })],
    )
    const missing = [from, ...teachers].flatMap((one) => (one.ok ? [] : [one.fault]))
    if (missing.length > 0 || !from.ok) return missing
    return teachers.flatMap((to) => (to.ok ? pairFaults(adapter(from.shape, to.shape), path) : []))
  })
}

function twice(path: string, { student, teacher }: TapPair): ParamFault {
  return { path, message: 'the same pair twice', expected: 'each pair once', received: `${student} and ${teacher}` }
}

export interface NamedTap {
  readonly tap: string
  /** Owner as a fault names it. */
  readonly whose: string
  readonly path: string
}

type FoundTap = { readonly ok: true; readonly shape: Shape } | { readonly ok: false; readonly fault: ParamFault }

/** Shape of a tap of a described network, without tensors. */
export function tapOf(architecture: Architecture, { tap, whose, path }: NamedTap): FoundTap {
  const { shapes } = describeArchitecture(architecture)
  const shape = shapes.get(architecture.taps[tap] ?? tap)
  if (shape !== undefined) return { ok: true, shape }
  const taps = Object.entries(architecture.taps).map(([name, layer]) => `${name} ${showShape(shapes.get(layer) ?? [])}`)
  const expected = `one of ${taps.join(', ')}, or the name of a layer`
  return { ok: false, fault: { path, message: `${whose} has no such tap`, expected, received: tap } }
}

export function pairFaults(adapter: Adapter, path: string): ParamFault[] {
  if (adapter.ok) return []
  const { message, expected, received } = adapter
  return [{ path, message, expected, received }]
}
