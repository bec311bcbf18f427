// The one place where batches are made: a function of (plan, step) alone, the same on the training thread and on loader
// threads. Imports nothing that loads TensorFlow, so that a thread starts quickly and stays small.

import type { BatchPlan, HostBatch, HostBatches, StreamPlan } from './batch-source.ts'
import { createAugment } from './create-augment.ts'
import { createMixup } from './create-mixup.ts'
import { createNegatives } from './draw-negatives.ts'
import { type DrawPlaces, sameClassPlaces, shuffledPlaces } from './draw-places.ts'
import { readSamples } from './read-samples.ts'
import { type StreamIdentity, streamKey } from './stream-key.ts'
import { type Members, streamMembers } from './stream-members.ts'

/** Writes the batches of a step, counted over all epochs, into arrays as `allocateBatches` makes them. */
export type FillBatches = (step: number, into: HostBatches) => void

/** Does once what is the same for all steps. What it remembers between calls changes no batch. */
export function batchFiller(plan: BatchPlan): FillBatches {
  const fillMain = streamFiller(plan, plan.main, null)
  const others = Object.entries(plan.streams).map(([name, stream]) => ({
    name,
    fill: streamFiller(plan, stream, name),
  }))
  return (step, { main, streams }) => {
    fillMain(step, main, main)
    for (const { name, fill } of others) fill(step, streams[name] as HostBatch, main)
  }
}

/** @param main the main batch of the step */
type FillStream = (step: number, into: HostBatch, main: HostBatch) => void

function streamFiller(plan: BatchPlan, stream: StreamPlan, name: string | null): FillStream {
  const identity: StreamIdentity = { seed: plan.seed, name }
  const members = streamMembers(stream, plan.seed)
  const draw = drawPlaces(plan, stream, { members, identity })
  const finish = finishers(stream, { members, identity })
  const augmented = augmenter(stream, identity)
  const epochs = new Int32Array(plan.batchSize)
  return (step, into, main) => {
    draw(step, { place: into.place, epochs }, main)
    for (let i = 0; i < epochs.length; i++) {
      into.index[i] = members.index[into.place[i] as number] as number
      into.y[i] = members.labels[into.place[i] as number] as number
    }
    augmented(into, epochs)
    for (const change of finish) change(step, into)
  }
}

interface Drawing {
  readonly members: Members
  readonly identity: StreamIdentity
}

function drawPlaces(plan: BatchPlan, { draw, view, classes }: StreamPlan, { members, identity }: Drawing): DrawPlaces {
  if (draw !== 'sameClass') return shuffledPlaces(members.index.length, identity)
  return sameClassPlaces({ members, classes, stream: identity, sharesSplit: view.split === plan.main.view.split })
}

/** Reads the samples and changes each view of them by a key of its own. */
function augmenter(
  { view, augment, inputShape, views = 1 }: StreamPlan,
  identity: StreamIdentity,
): (into: HostBatch, epochs: Int32Array) => void {
  const { split, normalise } = view
  const changes = Array.from(
    { length: views },
    (_, number) => augment && createAugment({ spec: augment, inputShape, key: viewKey(identity, number) }),
  )
  return ({ views: arrays, index }, epochs) => {
    const [first] = arrays as [Float32Array]
    readSamples({ split, indices: index, into: first, normalise })
    for (const values of arrays) if (values !== first) values.set(first)
    for (const [number, change] of changes.entries()) {
      if (change === undefined) continue
      const values = arrays[number] as Float32Array
      const length = values.length / index.length
      for (let i = 0; i < index.length; i++)
        change(values.subarray(i * length, (i + 1) * length), {
          epoch: epochs[i] as number,
          index: index[i] as number,
        })
    }
  }
}

function viewKey(identity: StreamIdentity, number: number) {
  return number === 0 ? streamKey(identity, 'augment') : streamKey(identity, 'augment', number)
}

function finishers(
  { augment, classes, negatives }: StreamPlan,
  { members, identity }: Drawing,
): ((step: number, into: HostBatch) => void)[] {
  const alpha = augment?.mixup
  return [
    ...(alpha === undefined ? [] : [createMixup({ alpha, classes, stream: identity })]),
    ...(negatives === undefined ? [] : [createNegatives({ ...negatives, members, classes, stream: identity })]),
  ]
}
