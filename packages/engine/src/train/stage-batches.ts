// Where the batches of a stage come from: the method's streams, resolved to samples of the job.
import type { StreamSpec } from '../contracts/batch.ts'
import type { Stage } from '../contracts/method.ts'
import type { BatchPlan, StreamPlan } from '../data/batch-source.ts'
import type { Source, TrainRun } from './train-run.ts'

const TRAIN = 'train'

/** @throws Error naming the data sets there are when a stream asks for another: a fault of the method */
export function stageBatches(
  run: Pick<TrainRun, 'train' | 'samples' | 'sources'>,
  stage: Pick<Stage, 'batch' | 'streams'>,
): BatchPlan {
  const resolve = (stream: StreamSpec) => streamPlan(run, stream)
  return {
    main: resolve(stage.batch ?? {}),
    streams: Object.fromEntries(Object.entries(stage.streams ?? {}).map(([name, stream]) => [name, resolve(stream)])),
    batchSize: run.train.batchSize,
    seed: run.train.seed,
  }
}

function streamPlan(
  { train, samples, sources = {} }: Pick<TrainRun, 'train' | 'samples' | 'sources'>,
  { source = TRAIN, augment, ...stream }: StreamSpec,
): StreamPlan {
  const from: Source | undefined = source === TRAIN ? samples : sources[source]
  if (from === undefined) {
    const names = [TRAIN, ...Object.keys(sources)].join(', ')
    throw new Error(`A stream draws from "${source}". Expected one of ${names}.`)
  }
  const { inputShape, classes } = from.signature
  // Augmentation is written for the job's own samples; others have it only where the method says so.
  const own = source === TRAIN ? train.augment : undefined
  return {
    ...stream,
    view: from.view,
    inputShape,
    classes,
    augment: augment === undefined ? own : (augment ?? undefined),
  }
}
