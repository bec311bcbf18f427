// The inputs of a step by name: host arrays on their way in, and a method's view of them inside.
import type { Batch } from '../contracts/batch.ts'
import type { Tensor, Tf } from '../contracts/tf.ts'
import type { BatchPlan, HostBatch, HostBatches, StreamPlan } from '../data/batch-source.ts'

export type StepTensors = Record<string, Tensor>

const MAIN = 'main'

/** Every stream of the plan under the prefix of its inputs. */
function streamsOf({ main, streams }: BatchPlan): [string, StreamPlan][] {
  return [
    [MAIN, main],
    ...Object.entries(streams).map(([name, plan]): [string, StreamPlan] => [`stream:${name}`, plan]),
  ]
}

export function batchTensors(tf: Tf, plan: BatchPlan, batches: HostBatches): StepTensors {
  const inputs: StepTensors = {}
  for (const [prefix, stream] of streamsOf(plan)) {
    const batch = prefix === MAIN ? batches.main : (batches.streams[prefix.slice('stream:'.length)] as HostBatch)
    Object.assign(inputs, streamTensors(tf, { prefix, stream, batch, size: plan.batchSize }))
  }
  return inputs
}

interface StreamTensors {
  readonly prefix: string
  readonly stream: StreamPlan
  readonly batch: HostBatch
  readonly size: number
}

function streamTensors(tf: Tf, { prefix, stream, batch, size }: StreamTensors): StepTensors {
  const inputs: StepTensors = {
    [`${prefix}/y`]: tf.tensor1d(batch.y, 'int32'),
    [`${prefix}/index`]: tf.tensor1d(batch.index, 'int32'),
    [`${prefix}/place`]: tf.tensor1d(batch.place, 'int32'),
  }
  batch.views.forEach((values, i) => {
    inputs[`${prefix}/x${i}`] = tf.tensor(values, [size, ...stream.inputShape], 'float32')
  })
  if (batch.mixed !== null) inputs[`${prefix}/mixed`] = tf.tensor2d(batch.mixed, [size, stream.classes], 'float32')
  const count = stream.negatives?.count ?? 0
  if (batch.negatives !== null) inputs[`${prefix}/negatives`] = tf.tensor2d(batch.negatives, [size, count], 'int32')
  return inputs
}

/** The batches as a step sees them. */
export function stepBatches(plan: BatchPlan, inputs: StepTensors): { batch: Batch; streams: Record<string, Batch> } {
  const [main, ...streams] = streamsOf(plan).map(([prefix, stream]) => {
    return [prefix, batchOf(inputs, { prefix, stream, size: plan.batchSize })] as const
  })
  return {
    batch: (main as readonly [string, Batch])[1],
    streams: Object.fromEntries(streams.map(([prefix, batch]) => [prefix.slice('stream:'.length), batch])),
  }
}

function batchOf(inputs: StepTensors, { prefix, stream, size }: Omit<StreamTensors, 'batch'>): Batch {
  const input = (name: string) => inputs[`${prefix}/${name}`] as Tensor
  return {
    x: input('x0'),
    views: Array.from({ length: stream.views ?? 1 }, (_, i) => input(`x${i}`)),
    y: input('y'),
    labels: inputs[`${prefix}/mixed`] ?? input('y'),
    index: input('index'),
    place: input('place'),
    get negatives() {
      if (stream.negatives !== undefined) return input('negatives')
      throw new Error(`The stream ${prefix} has no negatives: ask for them in its StreamSpec.`)
    },
    size,
  }
}

export interface StepScalars {
  readonly step: number
  readonly epoch: number
  /** Learning rate by role. */
  readonly rates: ReadonlyMap<string, number>
}

export function scalarTensors(tf: Tf, { step, epoch, rates }: StepScalars): StepTensors {
  const byRole = [...rates].map(([role, rate]) => [`rate:${role}`, tf.scalar(rate, 'float32')] as const)
  return { step: tf.scalar(step, 'int32'), epoch: tf.scalar(epoch, 'float32'), ...Object.fromEntries(byRole) }
}

/** @param rows of each output; zeros where they are left out */
export function teacherTensors(
  tf: Tf,
  shapes: readonly (readonly number[])[],
  rows: readonly Float32Array[],
): StepTensors {
  return Object.fromEntries(
    shapes.map((shape, i) => {
      const values = rows[i]
      return [`teacher:${i}`, values === undefined ? tf.zeros([...shape]) : tf.tensor(values, [...shape], 'float32')]
    }),
  )
}

/** Zeros in the shapes of the plan. */
export function zeroBatches({ main, streams, batchSize }: BatchPlan): HostBatches {
  return {
    main: zeroBatch(main, batchSize),
    streams: Object.fromEntries(Object.entries(streams).map(([name, plan]) => [name, zeroBatch(plan, batchSize)])),
  }
}

function zeroBatch({ inputShape, classes, views = 1, augment, negatives }: StreamPlan, size: number): HostBatch {
  const width = inputShape.reduce((product, axis) => product * axis, size)
  return {
    views: Array.from({ length: views }, () => new Float32Array(width)),
    y: new Int32Array(size),
    mixed: augment?.mixup === undefined ? null : new Float32Array(size * classes),
    index: new Int32Array(size),
    place: new Int32Array(size),
    negatives: negatives === undefined ? null : new Int32Array(size * negatives.count),
  }
}
