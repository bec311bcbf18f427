// The logits of a frozen teacher on every training sample, computed once. Only right while a sample always looks the same:
// whoever uses it makes sure that nothing is augmented.
import type { Network } from '../contracts/network.ts'
import type { Batches } from '../data/create-batches.ts'
import { type PredictLogits, type PredictProgress, predictLogits } from '../evaluate/predict-logits.ts'

/** Bytes of logits that are held per teacher; above, the teacher runs in every step. */
const LIMIT = 512 * 2 ** 20

type LogitsRequest = Omit<PredictLogits, 'network'>

export interface TeacherLogits {
  /** Whether the logits of a view of this size may be held. */
  readonly allowed: boolean
  /** Computes those of `teacher` unless they are here already. @returns false when the signal ended it */
  prepare(teacher: number): AsyncGenerator<PredictProgress, boolean>
  /** Those of `teachers` for samples by their place in the view, [B, K] each; the arrays are valid until the next call. */
  rows(teachers: ReadonlySet<number>, place: Int32Array): ReadonlyMap<number, Float32Array>
}

export interface CreateTeacherLogits {
  readonly teachers: readonly Network[]
  readonly request: LogitsRequest
  readonly augmented: boolean
  readonly batches: Pick<Batches, 'size'>
}

export function createTeacherLogits({ teachers, request, augmented, batches }: CreateTeacherLogits): TeacherLogits {
  const { classes } = request.signature
  const held = new Map<number, Float32Array>()
  const buffers = new Map(teachers.map((_, i) => [i, new Float32Array(batches.size * classes)]))
  return {
    allowed: !augmented && request.view.indices.length * classes * 4 <= LIMIT,
    prepare: async function* (teacher) {
      if (held.has(teacher)) return true
      const logits = yield* predictLogits({ ...request, network: teachers[teacher] as Network })
      if (logits !== null) held.set(teacher, logits)
      return logits !== null
    },
    rows: (wanted, place) => {
      const rows = new Map<number, Float32Array>()
      for (const teacher of wanted) {
        const [all, out] = [held.get(teacher) as Float32Array, buffers.get(teacher) as Float32Array]
        place.forEach((sample, row) => {
          out.set(all.subarray(sample * classes, (sample + 1) * classes), row * classes)
        })
        rows.set(teacher, out)
      }
      return rows
    },
  }
}
