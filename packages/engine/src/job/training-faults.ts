// Faults of the train blocks that need the data's size or shape.
import type { Fault, JobSpec, TrainSpec } from '@stillhouse/spec'
import type { Signature } from '../contracts/shelf.ts'
import { normaliseFaults } from '../data/channel-statistics.ts'
import { IMAGE_AUGMENTS } from '../data/create-augment.ts'
import { under } from './describe-model.ts'

/** @param signature null when the data set has faults of its own */
export function trainingFaults(spec: JobSpec, signature: Signature | null): Fault[] {
  const blocks = [
    { path: '/train', train: spec.train, limit: spec.data.limit },
    ...spec.teachers.map(({ train, data }, i) => ({
      path: `/teachers/${i}/train`,
      train,
      limit: data?.limit ?? spec.data.limit,
    })),
  ]
  return [
    ...(signature === null ? [] : normaliseFaults(spec.data, signature).map((fault) => under('/data', fault))),
    ...blocks.flatMap(({ path, train, limit }) =>
      train === undefined
        ? []
        : [...batchFaults(path, train, limit), ...augmentFaults(path, train, signature), ...cacheFaults(path, train)],
    ),
  ]
}

/** A mixed sample is another at every step, whatever its parts are. */
function cacheFaults(path: string, { teacherCache, augment }: TrainSpec): Fault[] {
  if (teacherCache !== 'on' || augment?.mixup === undefined) return []
  const message = 'outputs of teachers on mixed samples cannot be kept'
  return [{ path: `${path}/teacherCache`, message, expected: 'auto or off, or no mixup', received: 'on' }]
}

/** The size of the data is only known when it is opened; a limit is known here. */
function batchFaults(path: string, { batchSize }: TrainSpec, limit: number | undefined): Fault[] {
  if (limit === undefined || batchSize <= limit) return []
  return [
    {
      path: `${path}/batchSize`,
      message: 'a batch is larger than the training set',
      expected: `at most data.limit = ${limit}`,
      received: String(batchSize),
    },
  ]
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
