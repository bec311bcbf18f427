// Faults of the train blocks that need the data's size or shape.
import type { Fault, JobSpec, TrainSpec } from '@stillhouse/spec'
import type { Signature } from '../contracts/shelf.ts'
import { normaliseFaults } from '../data/channel-statistics.ts'
import { IMAGE_AUGMENTS } from '../data/create-augment.ts'
import { under } from './describe-model.ts'

/**
 * @param signature null when the data set has faults of its own
 * @param samples size of the training split at most; null where that is not known
 */
export function trainingFaults(spec: JobSpec, signature: Signature | null, samples: number | null): Fault[] {
  const { validation = 0 } = spec.data
  const whole = samples === null ? null : samples - Math.round(samples * validation)
  const blocks = [
    { path: '/train', train: spec.train, most: { limit: spec.data.limit, whole } },
    ...spec.teachers.map(({ train, data }, i) => ({
      path: `/teachers/${i}/train`,
      train,
      most: { limit: data?.limit ?? spec.data.limit, whole },
    })),
  ]
  return [
    ...(signature === null ? [] : normaliseFaults(spec.data, signature).map((fault) => under('/data', fault))),
    ...blocks.flatMap(({ path, train, most }) =>
      train === undefined
        ? []
        : [...batchFaults(path, train, most), ...augmentFaults(path, train, signature), ...cacheFaults(path, train)],
    ),
  ]
}

/** A mixed sample is another at every step, whatever its parts are. */
function cacheFaults(path: string, { teacherCache, augment }: TrainSpec): Fault[] {
  if (teacherCache !== 'on' || augment?.mixup === undefined) return []
  const message = 'outputs of teachers on mixed samples cannot be kept'
  return [{ path: `${path}/teacherCache`, message, expected: 'auto or off, or no mixup', received: 'on' }]
}

interface Most {
  readonly limit: number | undefined
  /** Training samples without a limit; null where only the files tell. */
  readonly whole: number | null
}

function batchFaults(path: string, { batchSize }: TrainSpec, { limit, whole }: Most): Fault[] {
  const message = 'a batch is larger than the training set'
  const fault = { path: `${path}/batchSize`, message, received: String(batchSize) }
  if (limit !== undefined && batchSize > limit && limit <= (whole ?? limit))
    return [{ ...fault, expected: `at most data.limit = ${limit}` }]
  if (whole === null || batchSize <= whole) return []
  return [{ ...fault, expected: `at most ${whole}, the training samples that there are` }]
}

function augmentFaults(path: string, { augment }: TrainSpec, signature: Signature | null): Fault[] {
  if (augment === undefined || signature === null || signature.inputShape.length === 3) return []
  return IMAGE_AUGMENTS.filter((name) => augment[name] !== undefined).map((name) => ({
    path: `${path}/augment/${name}`,
    message: `${name} needs images`,
    expected: 'data of shape [height, width, channels]',
    received: `[${signature.inputShape.join(', ')}]`,
  }))
}
