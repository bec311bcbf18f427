// Whole jobs with a teacher that is no network of ours.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSavedModel } from '@stillhouse/graph'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LayersModel, Tensor } from '../../contracts/tf.ts'
import type { JobEvent } from '../../job/job-event.ts'
import { runJob } from '../../job/run-job.ts'
import { saveLayersModel } from '../../network/layers-model-files.ts'
import { tf } from '../../testing/native-tf.ts'
import { tinyJob, tinyShelves } from '../../testing/tiny-shelves.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'foreign-job-'))
  const model = kerasModel()
  await saveLayersModel({ tf, dir: join(root, 'layers') }, model)
  const inputs = { image: tf.zeros([2, 6, 6, 1]) }
  const predict = ({ image }: Record<string, Tensor>) => ({ output: model.apply(image as Tensor) as Tensor })
  writeSavedModel({ tf, dir: join(root, 'saved'), inputs, predict })
  tf.dispose(inputs)
})
afterAll(() => rm(root, { recursive: true }))

/** Ends in a softmax. */
function kerasModel(): LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 })
  const dense = tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer })
  return tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), dense] })
}

let runs = 0
async function losses(folder: string, train: object, from: object = {}): Promise<number[]> {
  const spec = tinyJob({
    teacher: { from: { upload: 'a'.repeat(64), ...from } },
    evaluate: { baseline: false, latencyRuns: 0 },
    train: { epochs: 2, batchSize: 20, optimizer: { learningRate: 0.03 }, seed: 5, compile: false, ...train },
  })
  runs += 1
  const scratch = join(root, `run-${runs}`)
  const events: JobEvent[] = []
  const fetchModel = async () => ({ dir: join(root, folder), metrics: {} })
  const signal = new AbortController().signal
  const request = { tf, spec, shelves: tinyShelves(), scratch, checkpoint: null, fetchModel, signal }
  for await (const event of runJob(request)) events.push(event)
  expect(events.at(-1)?.type).toBe('done')
  const points = events.flatMap((event) => (event.type === 'metrics' ? event.points : []))
  return points.filter(({ name }) => name === 'loss.kd0').map(({ value }) => value)
}

describe('a job whose teacher is a SavedModel', () => {
  it.each([
    ['kept outputs', {}],
    ['outputs of each batch', { augment: { noise: 0.05 } }],
    ['a traced step', { compile: true }],
  ])('learns from %s as from the same teacher as a LayersModel', async (_, train) => {
    const [own, foreign] = [await losses('layers', train), await losses('saved', train, { probabilities: true })]
    expect(foreign.length).toBeGreaterThan(3)
    expect(foreign.length).toBe(own.length)
    foreign.forEach((value, i) => {
      expect(value).toBeCloseTo(own[i] as number, 4)
    })
  })

  it('learns something else when it is not told of the softmax', async () => {
    const [own, foreign] = [await losses('layers', {}), await losses('saved', {})]
    expect(foreign[0]).not.toBeCloseTo(own[0] as number, 3)
  })
})
