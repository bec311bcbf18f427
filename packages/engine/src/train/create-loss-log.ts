// Loss parts on their way out: held on the device, read together, checked, averaged between log points. Reading them
// one by one would stall the device after every step.
import type { Tensor, Tf } from '../contracts/tf.ts'
import { TrainingError } from '../contracts/training-error.ts'
import { VALUE } from './run-updates.ts'

/** Steps whose parts may wait on the device. */
const READ_EVERY = 50

export interface LossLog {
  /** Takes the parts of a step, [P]; disposes them later. */
  push(parts: Tensor, place: StepPlace): void
  /** Reads what waits. @throws TrainingError `training.diverged` naming the first part that is not finite */
  flush(): void
  /** Means since the last call, by part; empties the sums. */
  take(): Record<string, number>
  /** Sum of the parts at the last step read, NaN before the first. */
  readonly latest: number
}

interface StepPlace {
  readonly stage: string
  /** Steps done in the stage, this one included. */
  readonly step: number
  readonly epoch: number
}

/** Sums that a checkpoint holds. */
interface LossSums {
  sums: number[]
  summed: number
}

export interface CreateLossLog {
  readonly tf: Tf
  /** Names of the parts; asked at the first flush. */
  readonly parts: () => readonly string[]
  readonly sums: LossSums
}

export function createLossLog({ tf, parts, sums }: CreateLossLog): LossLog {
  let waiting: { tensor: Tensor; place: StepPlace }[] = []
  let latest = Number.NaN
  const flush = () => {
    if (waiting.length === 0) return
    const steps = waiting
    waiting = []
    const values = readTogether(
      tf,
      steps.map(({ tensor }) => tensor),
    )
    const width = values.length / steps.length
    steps.forEach(({ place }, i) => {
      latest = addStep(sums, values.subarray(i * width, (i + 1) * width), { place, parts: parts() })
    })
  }
  return {
    get latest() {
      return latest
    },
    flush,
    push: (tensor, place) => {
      waiting.push({ tensor, place })
      if (waiting.length >= READ_EVERY) flush()
    },
    take: () => {
      flush()
      const means = parts().map((name, i) => [name, (sums.sums[i] ?? 0) / Math.max(1, sums.summed)] as const)
      sums.sums = []
      sums.summed = 0
      return Object.fromEntries(means)
    },
  }
}

function readTogether(tf: Tf, tensors: Tensor[]): Float32Array {
  const packed = tensors.length === 1 ? (tensors[0] as Tensor) : tf.concat(tensors)
  const values = packed.dataSync() as Float32Array
  tf.dispose([packed, ...tensors])
  return values
}

interface StepOf {
  readonly place: StepPlace
  readonly parts: readonly string[]
}

function addStep(sums: LossSums, values: Float32Array, { place, parts }: StepOf): number {
  let total = 0
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) throw diverged(parts[i] ?? String(i), value, place)
    sums.sums[i] = (sums.sums[i] ?? 0) + value
    if (parts[i]?.startsWith(VALUE) !== true) total += value
  })
  sums.summed += 1
  return total
}

function diverged(part: string, value: number, { stage, step, epoch }: StepPlace): TrainingError {
  return new TrainingError(
    'training.diverged',
    `The loss part "${part}" of stage "${stage}" became ${value} at step ${step} (epoch ${epoch.toFixed(2)}). Expected a finite number.`,
  )
}
