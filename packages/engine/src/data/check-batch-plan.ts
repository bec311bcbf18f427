// What batches ask of the samples there are, checked before the first is made.
import { UNLABELLED } from '../contracts/data-format.ts'
import { TrainingError } from '../contracts/training-error.ts'
import type { BatchPlan, StreamPlan } from './batch-source.ts'
import { type Members, streamMembers } from './stream-members.ts'

/** @throws TrainingError `spec.rejected` when there are too few samples for what is to be drawn from them */
export function checkBatchPlan({ main, streams, batchSize, seed }: BatchPlan): void {
  const members = streamMembers(main, seed)
  const count = members.index.length
  if (count < batchSize)
    reject(`train.batchSize is larger than the training set. Expected at most ${count}; received ${batchSize}.`)
  checkLabels('The training set', main, members)
  checkNegatives('The training set', main, members)
  for (const [name, stream] of Object.entries(streams)) checkStream(name, stream, { seed, main: members })
}

function checkStream(name: string, stream: StreamPlan, { seed, main }: { seed: number; main: Members }): void {
  const members = streamMembers(stream, seed)
  const title = `The stream "${name}"`
  if (members.index.length === 0) reject(`${title} has no samples. Expected at least one; received none.`)
  checkLabels(title, stream, members)
  checkNegatives(title, stream, members)
  if (stream.draw !== 'sameClass') return
  if (main.labels.includes(UNLABELLED)) rejectUnlabelled(title)
  const there = new Set(members.labels)
  const missing = [...new Set(main.labels)].filter((label) => !there.has(label)).sort((a, b) => a - b)
  if (missing.length > 0)
    reject(
      `${title} is drawn by the classes of the training samples. Expected samples of each; received none of class ${missing.join(', ')}.`,
    )
}

/** Classes that nobody knows are no classes to draw by, or to mix. */
function checkLabels(title: string, { draw, negatives, augment }: StreamPlan, { labels }: Members): void {
  const byClass = draw === 'sameClass' || negatives?.from === 'otherClasses' || augment?.mixup !== undefined
  if (byClass && labels.includes(UNLABELLED)) rejectUnlabelled(title)
}

function rejectUnlabelled(title: string): never {
  reject(`${title} is drawn or mixed by class. Expected samples with labels; received samples without.`)
}

function checkNegatives(title: string, { negatives }: StreamPlan, { labels }: Members): void {
  if (negatives === undefined) return
  if (negatives.from === 'others' && labels.length < 2)
    reject(`${title} has no other samples to draw negatives from. Expected at least 2 samples; received 1.`)
  if (negatives.from === 'otherClasses' && new Set(labels).size < 2)
    reject(`${title} has no other classes to draw negatives from. Expected samples of at least 2 classes; received 1.`)
}

function reject(message: string): never {
  throw new TrainingError('spec.rejected', message)
}
